'use strict';

// What broadcasters do beside send(): Sender.frame() with _sender.sendFrame() or _socket.write().

const assert = require('node:assert/strict');
const { test } = require('node:test');
const WebSocket = require('../../ws.js');
const { connect, inBothRoles, isTls } = require('../support/ws-entry');

const { Sender } = WebSocket;

test('Sender.frame() is the frame that ws makes', () => {
  const { Sender: Theirs } = require('ws');
  for (const [data, options] of [
    ['text', { opcode: 1, fin: true, mask: false, readOnly: true }],
    [Buffer.alloc(70_000, 1), { opcode: 2, fin: true, mask: false, readOnly: true }],
    [Buffer.alloc(300), { opcode: 2, fin: false, rsv1: true, mask: false, readOnly: true }],
    ['masked', { opcode: 1, fin: true, mask: true, generateMask: (key) => key.fill(7) }],
  ]) {
    const theirs = Theirs.frame(data, { ...options, maskBuffer: Buffer.alloc(4) });
    assert.deepEqual(Buffer.concat(Sender.frame(data, options)), Buffer.concat(theirs));
  }
  assert.throws(() => new Sender(), TypeError);
});

test('_sender.sendFrame() sends a frame to many, and calls back', async (t) => {
  const pairs = await Promise.all([1, 2, 3].map(() => connect(t, 'server')));
  const list = Sender.frame(Buffer.from('to all'), { opcode: 1, fin: true, mask: false });
  await Promise.all(pairs.map(({ ours }) => new Promise((resolve) => ours._sender.sendFrame(list, resolve))));
  for (const { peer } of pairs) {
    assert.deepEqual(await peer.next('message'), [Buffer.from('to all'), false]);
  }
});

test('_socket.write() sends whole frames, and refuses anything else', { skip: isTls }, async (t) => {
  const { ours, peer } = await connect(t, 'server');
  const frame = Buffer.concat(Sender.frame('written', { opcode: 1, mask: false }));
  await new Promise((resolve) => ours._socket.write(Buffer.concat([frame, frame]), resolve));
  await peer.atLeast('message', 2);
  for (const wrong of [frame.subarray(0, 4), Buffer.concat([frame, Buffer.of(0x81)]), 'not a frame']) {
    const error = await new Promise((resolve) => ours._socket.write(wrong, resolve));
    assert.equal(error.code, 'ERR_WS_SOCKET_TAKEN');
  }
  ours.send('whole still');
  assert.deepEqual(
    (await peer.atLeast('message', 3)).map(([data]) => String(data)),
    ['written', 'written', 'whole still'],
  );
});

test('an HTTP response written to _socket refuses the client, at once', { skip: isTls }, async (t) => {
  const { ours, peer, inbox } = await connect(t, 'server');
  const written = new Promise((resolve) => ours._socket.write('HTTP/1.1 400 Bad Request\r\n\r\n', resolve));
  ours._socket.destroy();
  assert.equal((await peer.next('error'))[0].code, 'WS_ERR_INVALID_OPCODE');
  assert.equal(await written, undefined);
  await inbox.next('close');
});

inBothRoles('mask and generateMask', async (t, role) => {
  const { ours, peer } = await connect(t, role, {
    ours: role === 'client' ? { generateMask: (key) => key.fill(0) } : {},
  });
  ours.send('a');
  ours.ping('b');
  assert.equal(String((await peer.next('message'))[0]), 'a');
  await peer.next('ping');
  ours.send('wrong way round', { mask: role === 'server' });
  const [error] = await peer.next('error');
  assert.equal(error.code, role === 'server' ? 'WS_ERR_UNEXPECTED_MASK' : 'WS_ERR_EXPECTED_MASK');
});

inBothRoles('_socket knows the peer, and what went over the wire', async (t, role) => {
  const { ours, theirs, inbox } = await connect(t, role);
  const { _socket: socket } = ours;
  assert.equal(socket.remoteAddress, '127.0.0.1');
  assert.equal(typeof socket.remotePort, 'number');
  assert.equal(socket.address().address, '127.0.0.1');
  theirs.send('12345');
  await inbox.next('message');
  assert.ok(socket.bytesRead > 5 && socket.bytesWritten > 5);
  for (const call of ['setNoDelay', 'setKeepAlive', 'ref', 'unref', 'ref']) assert.equal(socket[call](), socket);
  assert.equal(typeof socket.writableLength, 'number');
});
