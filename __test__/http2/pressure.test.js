'use strict';

// Streams of one session share its connection: what one of them does is no other one's trouble.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { test } = require('node:test');
const { inflateRawSync } = require('node:zlib');
const { BINARY, TEXT, encode } = require('../support/frames');
const { rawStream, serveHttp2, sessionTo } = require('../support/http2');
const { limit } = require('../support/server');

const KIB = 1024;
const MESSAGE = 16 * KIB;

/** A Server, a session to it, and two WebSockets on that. */
async function pair(t, options) {
  const it = await serveHttp2(t, options);
  const session = await sessionTo(t, it.port);
  const [one, other] = [await rawStream(session), await rawStream(session)];
  const [[sid, { stream }], [otherSid]] = await it.events.atLeast('open', 2);
  return { ...it, session, one, other, sid, stream, otherSid };
}

test('a stream that is paused holds up no other one, and its peer is stopped', limit, async (t) => {
  const { server, events, one, other, sid, stream, otherSid } = await pair(t);
  server.pause(sid);
  const total = 4 * KIB * KIB;
  const message = encode({ opcode: BINARY, payload: randomBytes(MESSAGE) });
  for (let sent = 0; sent < total; sent += MESSAGE) one.stream.write(message);
  // Far more goes by on the other one than the window of the whole session has.
  for (let n = 0; n < 40; n++) {
    other.send({ opcode: BINARY, payload: randomBytes(MESSAGE) });
    const [, from] = await events.next('binary');
    assert.equal(from, otherSid);
    server.send(otherSid, `got ${n}`);
    assert.equal(await other.said(), `got ${n}`);
  }
  assert.equal(server.sockets[sid].readyState, 1);
  // The client still has all but what the stream's window and Node's buffer take.
  assert.ok(one.stream.writableLength > total - 256 * KIB, `${one.stream.writableLength} bytes wait`);
  assert.ok(stream.readableLength <= 128 * KIB, `${stream.readableLength} bytes were read`);
  server.resume(sid);
  await events.until(() => events.list('binary').length === 40 + total / MESSAGE);
});

test('a client that does not read one stream holds up no other one', limit, async (t) => {
  const { server, events, one, other, sid, otherSid } = await pair(t, { maxBufferedAmount: 8 * KIB * KIB });
  one.stream.pause();
  for (let n = 0; n < 64; n++) server.send(sid, randomBytes(MESSAGE));
  assert.ok(server.bufferedAmount(sid) > 512 * KIB);
  for (let n = 0; n < 10; n++) {
    server.send(otherSid, randomBytes(MESSAGE));
    assert.equal((await other.inbox.next('frame'))[0].payload.length, MESSAGE);
  }
  one.stream.resume();
  await one.inbox.atLeast('frame', 64);
  assert.deepEqual((await events.next('drain'))[0], sid);
  assert.equal(server.bufferedAmount(sid), 0);
});

test('maxBufferedAmount drops the stream of a client that does not read, and no other one', limit, async (t) => {
  const { server, events, one, other, sid, otherSid } = await pair(t, { maxBufferedAmount: 256 * KIB });
  one.stream.pause();
  for (let n = 0; n < 64; n++) server.send(sid, randomBytes(MESSAGE));
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', sid]);
  assert.equal((await events.next('close'))[1], sid);
  await one.inbox.next('close');
  server.send(otherSid, 'there');
  assert.equal(await other.said(), 'there');
});

test('maxBufferedAmount holds for a client whose whole connection stands still', limit, async (t) => {
  const { server, events, port } = await serveHttp2(t, { maxBufferedAmount: 256 * KIB });
  const socket = net.connect(port, '127.0.0.1');
  let isHeld = false;
  // As a client whose process is stopped: nothing of the connection is read, whatever its windows allow.
  const connection = new Duplex({
    read: () => socket.resume(),
    write: (chunk, _encoding, done) => socket.write(chunk, done),
    final: (done) => socket.end(done),
    destroy: (error, done) => done(socket.destroy() && error),
  });
  socket.on('data', (chunk) => !isHeld && connection.push(chunk)).on('close', () => connection.destroy());
  const session = await sessionTo(t, port, {
    createConnection: () => connection,
    settings: { initialWindowSize: 2 ** 30 },
  });
  session.setLocalWindowSize(2 ** 30);
  await rawStream(session);
  const [sid] = await events.next('open');
  isHeld = true;
  socket.pause();
  for (let n = 0; n < 64 * 16 && server.bufferedAmount(sid) < 256 * KIB; n++) {
    server.send(sid, randomBytes(MESSAGE));
    if (n % 4 === 0) await new Promise(setImmediate);
  }
  for (let n = 0; n < 4; n++) server.send(sid, randomBytes(MESSAGE));
  const [error] = await events.next('error');
  assert.equal(error.code, 'WS_ERR_BACKPRESSURE');
  await events.next('close');
  assert.equal(server.connections, 0);
});

test('limits hold for a stream: a message that is too long ends it alone', limit, async (t) => {
  const { server, events, one, other, sid, otherSid } = await pair(t, { maxPayload: KIB });
  one.send({ opcode: BINARY, payload: randomBytes(KIB + 1) });
  assert.equal((await events.next('error'))[0].sid, sid);
  assert.equal(await one.closeCode(), 1009);
  server.send(otherSid, 'there');
  assert.equal(await other.said(), 'there');
});

test('a flood of messages on one stream holds up no other one', limit, async (t) => {
  const { server, events, one, other, sid, otherSid } = await pair(t);
  const many = Buffer.concat(Array.from({ length: 20_000 }, () => encode({ opcode: TEXT, payload: 'x' })));
  one.stream.write(many);
  other.text('in between');
  await events.until(() => events.list('message').some(([, from]) => from === otherSid));
  await events.until(() => events.list('message').length === 20_001);
  assert.equal(events.list('message').filter(([text, from]) => text === 'x' && from === sid).length, 20_000);
  server.send('to all');
  assert.deepEqual([await one.said(), await other.said()], ['to all', 'to all']);
});

test('permessage-deflate on streams', limit, async (t) => {
  const { server, events, port } = await serveHttp2(t, { perMessageDeflate: true });
  const offer = { 'sec-websocket-extensions': 'permessage-deflate; server_no_context_takeover' };
  const session = await sessionTo(t, port);
  const text = 'again and '.repeat(1_000);
  for (const raw of [await rawStream(session, offer), await rawStream(session, offer)]) {
    const [sid] = await events.next('open');
    server.send(sid, text);
    const [{ rsv, payload }] = await raw.inbox.next('frame');
    assert.equal(rsv, 4);
    assert.ok(payload.length < text.length / 10);
    assert.equal(
      inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff])])).toString(),
      text,
    );
    raw.send({ opcode: TEXT, payload, rsv: 4 });
    assert.deepEqual(await events.next('message'), [text, sid]);
  }
});
