'use strict';

// One WebSocket of the entry, in both roles, with ws at the other end.

const assert = require('node:assert/strict');
const { Blob } = require('node:buffer');
const { once } = require('node:events');
const { test } = require('node:test');
const WebSocket = require('../../ws.js');
const { connect, inBothRoles } = require('../support/ws-entry');

/** Calls a method with a callback, and waits for that. */
const called = (ws, method, ...args) =>
  new Promise((resolve, reject) => ws[method](...args, (error) => (error ? reject(error) : resolve())));

test('the ready states are constants of the class and of each WebSocket', () => {
  const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
  for (const [name, value] of Object.entries(states)) {
    for (const object of [WebSocket, WebSocket.prototype]) {
      const { enumerable, writable } = Object.getOwnPropertyDescriptor(object, name);
      assert.deepEqual([object[name], enumerable, writable], [value, true, false]);
    }
  }
});

inBothRoles('text and binary come as Buffers, and are told apart', async (t, role) => {
  const { theirs, inbox } = await connect(t, role);
  theirs.send('héllo 😀');
  theirs.send(Buffer.of(0, 1, 255));
  theirs.send('');
  const [[text, isText], [data, isData], [empty]] = await inbox.atLeast('message', 3);
  assert.ok(Buffer.isBuffer(text) && Buffer.isBuffer(data) && Buffer.isBuffer(empty));
  assert.deepEqual([String(text), isText], ['héllo 😀', false]);
  assert.deepEqual([[...data], isData], [[0, 1, 255], true]);
  assert.equal(empty.length, 0);
});

inBothRoles('a large message comes whole', async (t, role) => {
  const { ours, theirs, inbox, peer } = await connect(t, role);
  const large = Buffer.alloc(3_000_000, 'abcdefg');
  theirs.send(large);
  theirs.send(large.toString());
  const [[data, isBinary], [text, isText]] = await inbox.atLeast('message', 2);
  assert.ok(data.equals(large) && isBinary);
  assert.ok(text.equals(large) && !isText);
  ours.send(large);
  const [back] = await peer.next('message');
  assert.ok(back.equals(large));
});

inBothRoles(
  'whatever Buffer.from takes can be sent, numbers as text, and nothing as an empty message',
  async (t, role) => {
    const { ours, peer } = await connect(t, role);
    const bytes = Buffer.of(1, 2, 3, 4);
    const floats = new Float32Array([1.5, 2.5]);
    const sent = [
      [bytes, bytes, true],
      [new Uint8Array(bytes), bytes, true],
      [bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4), bytes, true],
      [new DataView(bytes.buffer, bytes.byteOffset, 4), bytes, true],
      [floats, Buffer.from(floats.buffer), true],
      [[1, 2, 3, 4], bytes, true],
      [12, Buffer.from('12'), false],
      [undefined, Buffer.alloc(0), true],
      [null, Buffer.alloc(0), true],
    ];
    for (const [data] of sent) ours.send(data);
    const got = await peer.atLeast('message', sent.length);
    for (const [index, [, expected, isBinary]] of sent.entries()) {
      assert.deepEqual(got[index], [expected, isBinary]);
    }
    assert.throws(() => ours.send({}), TypeError);
  },
);

inBothRoles('the binary option says what it is sent as', async (t, role) => {
  const { ours, peer } = await connect(t, role);
  ours.send('text', { binary: true });
  ours.send(Buffer.from('bytes'), { binary: false });
  assert.deepEqual(await peer.next('message'), [Buffer.from('text'), true]);
  assert.deepEqual(await peer.next('message'), [Buffer.from('bytes'), false]);
});

inBothRoles('a Blob is sent in its turn', async (t, role) => {
  const { ours, peer } = await connect(t, role);
  ours.send('before');
  ours.send(new Blob(['a', 'blob']));
  const bytes = Buffer.from('behind');
  ours.send(bytes, { binary: false });
  // The caller's memory is its own again.
  bytes.fill('x');
  ours.ping();
  assert.ok(ours.bufferedAmount > 0);
  const got = await peer.atLeast('message', 3);
  assert.deepEqual(
    got.map(([data, isBinary]) => [String(data), isBinary]),
    [
      ['before', false],
      ['ablob', true],
      ['behind', false],
    ],
  );
  await peer.next('ping');
  assert.deepEqual(peer.all.map(({ name }) => name).slice(-2), ['message', 'ping']);
});

inBothRoles('binaryType says what binary messages are', async (t, role) => {
  const { ours, theirs, inbox } = await connect(t, role);
  const as = async (type) => {
    ours.binaryType = type;
    theirs.send(Buffer.from('data'));
    const [data] = await inbox.next('message');
    return data;
  };
  assert.ok(Buffer.isBuffer(await as('nodebuffer')));
  const buffer = await as('arraybuffer');
  assert.ok(buffer instanceof ArrayBuffer && buffer.byteLength === 4);
  const blob = await as('blob');
  assert.equal(await blob.text(), 'data');
  const fragments = await as('fragments');
  assert.deepEqual(fragments, [Buffer.from('data')]);
  ours.binaryType = 'nonsense';
  assert.equal(ours.binaryType, 'fragments');
  theirs.send('text');
  assert.ok(Buffer.isBuffer((await inbox.next('message'))[0]));
});

inBothRoles('callbacks are called once the bytes have left, in order', async (t, role) => {
  const { ours, peer } = await connect(t, role);
  const order = [];
  ours.send('a', () => order.push('a'));
  ours.send('b', { compress: false }, () => order.push('b'));
  ours.ping('c', () => order.push('c'));
  ours.pong('d', undefined, () => order.push('d'));
  assert.deepEqual(order, []);
  await called(ours, 'send', Buffer.alloc(1_000_000));
  assert.deepEqual(order, ['a', 'b', 'c', 'd']);
  assert.equal(ours.bufferedAmount, 0);
  await peer.atLeast('message', 3);
});

inBothRoles('a callback waits for a peer that does not read, and hears of the end', async (t, role) => {
  const { ours, theirs, inbox } = await connect(t, role);
  theirs.pause();
  const outcomes = [];
  ours.send(Buffer.alloc(50_000_000), (error) => outcomes.push(error));
  ours.send('behind it', (error) => outcomes.push(error));
  assert.ok(ours.bufferedAmount > 10_000_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(outcomes, []);
  ours.terminate();
  await inbox.next('close');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    outcomes.map(({ message }) => message),
    Array(2).fill('The WebSocket was closed before the message was sent'),
  );
});

inBothRoles('fragments are one message to the peer, and a ping may come in between', async (t, role) => {
  const { ours, peer } = await connect(t, role);
  ours.send('one, ', { fin: false });
  ours.send('two, ', { fin: false });
  ours.ping('in between');
  ours.send('three', { fin: true });
  ours.send(Buffer.of(1), { fin: false });
  ours.send(Buffer.of(2), { fin: true });
  ours.send('whole');
  assert.deepEqual(await peer.next('message'), [Buffer.from('one, two, three'), false]);
  assert.deepEqual(await peer.next('message'), [Buffer.of(1, 2), true]);
  assert.deepEqual(await peer.next('message'), [Buffer.from('whole'), false]);
  const names = peer.all.map(({ name }) => name);
  assert.ok(names.indexOf('ping') < names.indexOf('message'));
});

inBothRoles('permessage-deflate is agreed on as ws does', async (t, role) => {
  const perMessageDeflate = { threshold: 0 };
  const { ours, theirs, inbox, peer } = await connect(t, role, {
    ours: { perMessageDeflate },
    theirs: { perMessageDeflate },
  });
  assert.equal(ours.extensions, 'permessage-deflate');
  assert.equal(theirs.extensions, 'permessage-deflate');
  const text = 'again and again '.repeat(1000);
  ours.send(text);
  ours.send(text, { compress: false });
  theirs.send(text);
  assert.deepEqual(
    (await peer.atLeast('message', 2)).map(([data]) => String(data)),
    [text, text],
  );
  assert.equal(String((await inbox.next('message'))[0]), text);
});

inBothRoles('pings are answered, unless autoPong is off', async (t, role) => {
  const { theirs, inbox, peer } = await connect(t, role);
  theirs.ping('hello');
  assert.deepEqual(await inbox.next('ping'), [Buffer.from('hello')]);
  assert.deepEqual(await peer.next('pong'), [Buffer.from('hello')]);
});

inBothRoles('without autoPong a pong is the app’s', async (t, role) => {
  const { ours, theirs, inbox, peer } = await connect(t, role, { ours: { autoPong: false } });
  theirs.ping('hello');
  await inbox.next('ping');
  ours.pong('mine');
  ours.send('behind');
  await peer.next('message');
  assert.deepEqual(peer.list('pong'), [[Buffer.from('mine')]]);
});

inBothRoles('pings and pongs carry 125 bytes at most', async (t, role) => {
  const { ours, peer } = await connect(t, role);
  ours.ping(Buffer.alloc(125, 7));
  assert.deepEqual(await peer.next('ping'), [Buffer.alloc(125, 7)]);
  for (const method of ['ping', 'pong']) {
    assert.throws(
      () => ours[method]('a'.repeat(126)),
      new RangeError('The data size must not be greater than 125 bytes'),
    );
  }
});

inBothRoles('close() without a code sends an empty close frame: both ends see 1005', async (t, role) => {
  const { ours, inbox, peer } = await connect(t, role);
  ours.close();
  assert.equal(ours.readyState, WebSocket.CLOSING);
  assert.deepEqual(await peer.next('close'), [1005, Buffer.alloc(0)]);
  assert.deepEqual(await inbox.next('close'), [1005, Buffer.alloc(0)]);
  assert.equal(ours.readyState, WebSocket.CLOSED);
});

inBothRoles('codes and reasons go both ways, as Buffers', async (t, role) => {
  const first = await connect(t, role);
  first.ours.close(4001, 'grüße');
  assert.deepEqual(await first.peer.next('close'), [4001, Buffer.from('grüße')]);
  assert.deepEqual(await first.inbox.next('close'), [4001, Buffer.from('grüße')]);

  const second = await connect(t, role);
  second.theirs.close(3000, 'theirs');
  assert.deepEqual(await second.inbox.next('close'), [3000, Buffer.from('theirs')]);
  assert.deepEqual(await second.peer.next('close'), [3000, Buffer.from('theirs')]);
});

inBothRoles('what cannot be said in a close frame is an error, and nothing is closed', async (t, role) => {
  const { ours } = await connect(t, role);
  for (const code of [999, 1004, 1005, 1006, 5000, '1000', 1000.5, null]) {
    assert.throws(() => ours.close(code), new TypeError('First argument must be a valid error code number'), `${code}`);
  }
  const message = 'The message must not be greater than 123 bytes';
  assert.throws(() => ours.close(1000, 'a'.repeat(124)), new RangeError(message));
  assert.equal(ours.readyState, WebSocket.OPEN);
});

inBothRoles('messages are heard until the peer’s close frame', async (t, role) => {
  const { ours, theirs, inbox } = await connect(t, role);
  theirs.pause();
  ours.close(1000);
  theirs.send('on its way');
  theirs.ping('as well');
  theirs.resume();
  await inbox.next('close');
  assert.deepEqual(
    inbox.all.map(({ name }) => name),
    role === 'client' ? ['open', 'message', 'ping', 'close'] : ['message', 'ping', 'close'],
  );
});

inBothRoles('terminate() is the end without a close frame: 1006', async (t, role) => {
  const { ours, inbox, peer } = await connect(t, role);
  ours.terminate();
  assert.deepEqual(await inbox.next('close'), [1006, Buffer.alloc(0)]);
  assert.deepEqual(await peer.next('close'), [1006, Buffer.alloc(0)]);
});

inBothRoles('a violation is an error by the name of ws, and the peer is told its code', async (t, role) => {
  const { theirs, inbox, peer } = await connect(t, role);
  theirs._socket.write(Buffer.of(0x85, role === 'server' ? 0x80 : 0x00, ...(role === 'server' ? [0, 0, 0, 0] : [])));
  const [error] = await inbox.next('error');
  assert.ok(error instanceof RangeError);
  assert.deepEqual([error.code, error.message], ['WS_ERR_INVALID_OPCODE', 'Invalid WebSocket frame: invalid opcode 5']);
  assert.deepEqual(await peer.next('close'), [1002, Buffer.alloc(0)]);
  assert.deepEqual(await inbox.next('close'), [1006, Buffer.alloc(0)]);
});

inBothRoles(
  'a message above maxPayload is refused with 1009; _receiver._maxPayload moves that limit',
  async (t, role) => {
    const { ours, theirs, inbox, peer } = await connect(t, role, { ours: { maxPayload: 10 } });
    assert.equal(ours._receiver._maxPayload, 10);
    ours._receiver._maxPayload = 20;
    await called(ours, 'ping');
    theirs.send('a'.repeat(20));
    assert.equal((await inbox.next('message'))[0].length, 20);
    theirs.send('a'.repeat(21));
    const [error] = await inbox.next('error');
    assert.deepEqual([error.code, error.message], ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'Max payload size exceeded']);
    assert.equal((await peer.next('close'))[0], 1009);
  },
);

inBothRoles('the limit of a message stands with the extension as well, and moves there', async (t, role) => {
  const plain = await connect(t, role);
  assert.deepEqual(Object.keys(plain.ours._receiver._extensions), []);

  const options = { maxPayload: 10, perMessageDeflate: true };
  const { ours, theirs, inbox, peer } = await connect(t, role, { ours: options, theirs: { perMessageDeflate: true } });
  const { 'permessage-deflate': deflate, ...others } = ours._receiver._extensions;
  assert.deepEqual(others, {});
  assert.equal(deflate._maxPayload, 10);
  deflate._maxPayload = 2000;
  assert.equal(ours._receiver._maxPayload, 2000);
  await called(ours, 'ping');
  theirs.send('a'.repeat(2000));
  assert.equal((await inbox.next('message'))[0].length, 2000);
  theirs.send('a'.repeat(2001));
  assert.equal((await inbox.next('error'))[0].code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
  assert.equal((await peer.next('close'))[0], 1009);
});

inBothRoles('_closeTimer is there while it is closing, and says how long that may take', async (t, role) => {
  const { ours, theirs, inbox } = await connect(t, role, { ours: { closeTimeout: 12_345 } });
  assert.equal(ours._closeTimer, null);
  theirs.pause();
  ours.close();
  assert.equal(ours._closeTimer._idleTimeout, 12_345);
  theirs.resume();
  await inbox.next('close');
  assert.equal(ours._closeTimer, null);
});

for (const { name, perMessageDeflate, text, words } of [
  { name: 'plain', perMessageDeflate: false, text: 'a'.repeat(2000), words: /closed before the message was sent/ },
  { name: 'below the threshold', perMessageDeflate: true, text: 'a', words: /closed before the message was sent/ },
  {
    name: 'to be compressed',
    perMessageDeflate: true,
    text: 'a'.repeat(2000),
    words: /while data was being compressed/,
  },
]) {
  inBothRoles(`terminate() fails the callbacks that wait, before 'close': ${name}`, async (t, role) => {
    const { ours, inbox } = await connect(t, role, { ours: { perMessageDeflate }, theirs: { perMessageDeflate } });
    const heard = new Promise((resolve) => ours.send(text, (error) => resolve([error, ours.readyState])));
    ours.terminate();
    const [error, readyState] = await heard;
    assert.match(error.message, words);
    assert.equal(readyState, WebSocket.CLOSING);
    assert.equal((await inbox.next('close'))[0], 1006);
  });
}

inBothRoles('text that is no UTF-8 is an error, unless that is skipped', async (t, role) => {
  const skipping = await connect(t, role, { ours: { skipUTF8Validation: true } });
  skipping.theirs.send(Buffer.of(0xff, 0x61), { binary: false });
  assert.deepEqual(await skipping.inbox.next('message'), [Buffer.of(0xff, 0x61), false]);

  const checking = await connect(t, role);
  checking.theirs.send(Buffer.of(0xff, 0x61), { binary: false });
  const [error] = await checking.inbox.next('error');
  assert.equal(error.code, 'WS_ERR_INVALID_UTF8');
  assert.equal((await checking.peer.next('close'))[0], 1007);
});

inBothRoles('pause() holds messages back until resume()', async (t, role) => {
  const { ours, theirs, inbox } = await connect(t, role);
  ours.pause();
  assert.equal(ours.isPaused, true);
  theirs.send('later');
  // Whatever was to come would have come with this.
  const pinged = once(theirs, 'ping');
  await called(theirs, 'send', 'and this');
  ours.ping();
  await pinged;
  assert.deepEqual(inbox.list('message'), []);
  ours.resume();
  assert.equal(ours.isPaused, false);
  await inbox.atLeast('message', 2);
});

inBothRoles('allowSynchronousEvents: false emits one event in a tick', async (t, role) => {
  const { ours, theirs } = await connect(t, role, { ours: { allowSynchronousEvents: false } });
  let ticks = 0;
  const seen = [];
  const all = new Promise((resolve) => {
    ours.on('message', (data) => {
      seen.push([String(data), ticks]);
      Promise.resolve().then(() => ticks++);
      if (seen.length === 5) resolve();
    });
  });
  for (let n = 0; n < 5; n++) theirs.send(`${n}`);
  await all;
  assert.deepEqual(
    seen.map(([data]) => data),
    ['0', '1', '2', '3', '4'],
  );
  assert.equal(new Set(seen.map(([, at]) => at)).size, 5);
});

inBothRoles('what is sent once it is closing is counted, and its callback hears why', async (t, role) => {
  const { ours } = await connect(t, role);
  ours.close();
  const before = ours.bufferedAmount;
  const error = called(ours, 'send', 'late').then(assert.fail, (reason) => reason);
  assert.equal(ours.bufferedAmount, before + 4);
  assert.match((await error).message, /^WebSocket is not open: readyState [23] \((CLOSING|CLOSED)\)$/);
});

inBothRoles('nobody has to listen to a peer’s error', async (t, role) => {
  const { ours, theirs } = await connect(t, role);
  ours.removeAllListeners('error');
  theirs._socket.write(Buffer.of(0x85, role === 'server' ? 0x80 : 0x00, ...(role === 'server' ? [0, 0, 0, 0] : [])));
  // `once` would be such a listener.
  const code = await new Promise((resolve) => ours.on('close', resolve));
  assert.equal(code, 1006);
});

test('send() before it is open throws', (t) => {
  const ws = new WebSocket('ws://127.0.0.1:1');
  t.after(() => ws.terminate());
  ws.on('error', () => {});
  for (const method of ['send', 'ping', 'pong']) {
    assert.throws(() => ws[method]('x'), new Error('WebSocket is not open: readyState 0 (CONNECTING)'));
  }
});

inBothRoles('callbacks are called while it is paused', async (t, role) => {
  const { ours } = await connect(t, role);
  ours.pause();
  // More than the kernel takes at once: the end of it is reported.
  await called(ours, 'send', Buffer.alloc(5_000_000));
  await called(ours, 'send', 'small');
});

inBothRoles('one event in a tick, and close() in a listener: close comes', async (t, role) => {
  const { ours, theirs, inbox } = await connect(t, role, {
    ours: { allowSynchronousEvents: false, closeTimeout: 1000 },
  });
  ours.on('message', () => ours.close());
  theirs.pause();
  for (let n = 0; n < 5; n++) theirs.send(`${n}`);
  theirs.resume();
  assert.equal((await inbox.next('close'))[0], 1005);
});

inBothRoles('close() behind a Blob: it is closing at once', async (t, role) => {
  const { ours, peer } = await connect(t, role);
  ours.send(new Blob(['whole']));
  ours.close(1000);
  assert.equal(ours.readyState, WebSocket.CLOSING);
  const error = await called(ours, 'send', 'late').then(assert.fail, (reason) => reason);
  assert.match(error.message, /^WebSocket is not open: readyState 2/);
  assert.equal(String((await peer.next('message'))[0]), 'whole');
  assert.equal((await peer.next('close'))[0], 1000);
});

inBothRoles('a violation of the peer is an error while closing, too', async (t, role) => {
  const { ours, theirs, inbox } = await connect(t, role);
  ours.close(1000);
  // Before it has read our close frame.
  const mask = role === 'server' ? [0x80, 0, 0, 0, 0] : [0];
  theirs._socket.write(Buffer.of(0x85, ...mask));
  assert.equal((await inbox.next('error'))[0].code, 'WS_ERR_INVALID_OPCODE');
  assert.deepEqual(await inbox.next('close'), [1006, Buffer.alloc(0)]);
});
