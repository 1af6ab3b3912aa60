'use strict';

// Connections over streams that are no sockets: mock-ups, old-style streams, Duplexes.

const assert = require('node:assert/strict');
const { PassThrough, Stream } = require('node:stream');
const { once } = require('node:events');
const { Base } = require('../..');
const { LoopBack, OldStream, assigned, listen, pair, test } = require('../support/streams');
const {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  TEXT,
  FrameReader,
  closePayload,
  encode,
} = require('../support/frames');

const MiB = 1 << 20;

/** @returns {string[]} what was emitted, by name */
const names = (events) => events.all.map(({ name }) => name);

test('send to a stream that echoes inside write is a message, before send returns', () => {
  const { base, events, sid } = assigned(new LoopBack());
  base.send('Hello World.');
  base.send(sid, Buffer.from([0, 255]));
  assert.deepEqual(events.list('message'), [['Hello World.', sid]]);
  assert.deepEqual(events.list('binary'), [[Buffer.from([0, 255]), sid]]);
  assert.equal(base.sockets[sid].transport, 'stream');
});

test('a ping to it is a pong with the same payload', () => {
  const { base, events, sid } = assigned(new LoopBack());
  base.ping('x');
  assert.deepEqual(names(events), ['open', 'ping', 'pong']);
  assert.deepEqual(events.list('pong'), [['x', sid, Buffer.from('x')]]);
});

test('who watches what it brings sees our frame before the answer to it', () => {
  const { base, events, stream } = assigned(new LoopBack());
  const opcodes = [];
  stream.on('data', (bytes) => opcodes.push(bytes[0] & 0x0f));
  base.ping('x');
  assert.deepEqual(opcodes, [PING, PONG]);
  assert.deepEqual(names(events), ['open', 'ping', 'pong']);
});

for (const mask of [false, true]) {
  test(`frames are taken whichever way they are masked, mask ${mask}`, () => {
    const { base, events } = assigned(new LoopBack(), { mask, enforceMasking: false });
    base.send('looped');
    assert.equal(events.list('message')[0][0], 'looped');
  });

  test(`enforceMasking given always wins, mask ${mask}`, async () => {
    const { base, events } = assigned(new LoopBack(), { mask, enforceMasking: true });
    base.send('looped');
    const [error] = await events.next('error');
    assert.equal(error.code, mask ? 'WS_ERR_UNEXPECTED_MASK' : 'WS_ERR_EXPECTED_MASK');
    assert.equal(events.list('message').length, 0);
  });
}

test('a broadcast reaches each of several mocks, one sid only its own', () => {
  const base = new Base();
  const events = listen(base);
  const sids = Array.from({ length: 5 }, () => base.assignSocket(new LoopBack()));
  base.send('all');
  base.send(sids[3], 'one');
  base.send([sids[4], sids[1]], 'two');
  assert.deepEqual(events.list('message'), [
    ...sids.map((sid) => ['all', sid]),
    ['one', sids[3]],
    ['two', sids[4]],
    ['two', sids[1]],
  ]);
});

test('the whole closing handshake goes through a loop: close with our reason', async () => {
  const { base, events, sid, stream } = assigned(new LoopBack());
  base.close(sid, 'bye');
  assert.equal(base.connections, 0);
  assert.deepEqual(await events.next('close'), ['bye', sid, 1000]);
  assert.equal(stream.inbox.list('ended').length, 1);
  assert.deepEqual(
    stream.frames.map(({ opcode }) => opcode),
    [CLOSE],
  );
  assert.deepEqual(names(events), ['open', 'close']);
});

test('what the open listener sends comes back behind open', () => {
  const base = new Base();
  const events = listen(base);
  base.on('open', (sid) => base.send(sid, 'welcome'));
  base.assignSocket(new LoopBack());
  assert.deepEqual(names(events), ['open', 'message']);
});

test('a mock that says something while it is assigned is heard after open', async () => {
  const stream = new OldStream();
  stream.on('newListener', (name) => name === 'data' && process.nextTick(() => stream.text('early')));
  const { events } = assigned(stream);
  await events.next('message');
  assert.deepEqual(names(events), ['open', 'message']);
});

for (const where of ['write', 'data']) {
  /** A mock that calls back into the `Base`, once, where it is told to. */
  const reentering = (act) => {
    class Reentering extends LoopBack {
      write(chunk) {
        if (where === 'write') this.once_();
        return super.write(chunk);
      }

      once_() {
        const todo = this.todo;
        this.todo = undefined;
        todo?.();
      }
    }
    const stream = new Reentering();
    const setup = assigned(stream);
    stream.todo = () => act(setup);
    if (where === 'data') setup.base.on('message', () => stream.once_());
    return setup;
  };

  test(`send inside ${where}: both arrive, and nothing twice`, () => {
    const { base, events } = reentering(({ base: inner }) => inner.send('inner'));
    base.send('outer');
    base.send('last');
    const texts = events.list('message').map(([text]) => text);
    assert.deepEqual(texts.slice().sort(), ['inner', 'last', 'outer']);
    assert.equal(texts[2], 'last');
  });

  test(`ping inside ${where}`, () => {
    const { base, events } = reentering(({ base: inner }) => inner.ping('p'));
    base.send('outer');
    assert.deepEqual(
      events.list('pong').map(([text]) => text),
      ['p'],
    );
    assert.equal(events.list('message').length, 1);
  });

  test(`close inside ${where}: no message after it, and one close`, async () => {
    const { base, events, sid } = reentering(({ base: inner, sid: one }) => inner.close(one, 'inside'));
    base.send('outer');
    const heard = events.list('message').length;
    assert.equal(heard, where === 'data' ? 1 : 0);
    assert.deepEqual(await events.next('close'), ['inside', sid, 1000]);
    base.send('later');
    assert.equal(events.list('message').length, heard);
  });

  test(`terminate inside ${where}: no message after it, and one close with 1006`, async () => {
    const { base, events, sid } = reentering(({ base: inner, sid: one }) => inner.terminate(one));
    base.send('outer');
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.equal(events.list('message').length, where === 'data' ? 1 : 0);
    await new Promise(setImmediate);
    assert.equal(events.list('close').length, 1);
  });

  test(`assignSocket inside ${where}: the new one is heard as well`, () => {
    const { base, events } = reentering(({ base: inner }) => inner.assignSocket(new LoopBack()));
    base.send('outer');
    assert.equal(base.connections, 2);
    base.send('both');
    assert.equal(events.list('message').filter(([text]) => text === 'both').length, 2);
  });
}

test('a mock that reports its close inside write: one close, and send returns', async () => {
  const stream = new OldStream();
  stream.write = () => stream.emit('close');
  const { base, events, sid } = assigned(stream);
  base.send('x');
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  base.send('y');
  assert.equal(events.list('close').length, 1);
});

test('so it is inside the write of a close frame, of a pong, and of the frame after a timeout', async () => {
  for (const act of [
    ({ base, sid }) => base.close(sid),
    ({ stream }) => stream.say({ opcode: PING }),
    ({ stream }) => stream.say({ opcode: 3 }),
    ({ stream }) => stream.say({ opcode: CLOSE }),
    () => {},
  ]) {
    const stream = new OldStream();
    stream.write = () => stream.emit('close');
    const setup = assigned(stream, { timeout: 20 });
    act(setup);
    const [, sid] = await setup.events.next('close');
    assert.equal(sid, setup.sid);
    await new Promise(setImmediate);
    assert.equal(setup.events.list('close').length, 1);
    assert.equal(names(setup.events).pop(), 'close');
  }
});

test('all that came in one chunk before the stream closed is delivered, then close', async () => {
  const { events, stream } = assigned(new OldStream());
  const frames = ['a', 'b', 'c'].map((payload) => encode({ opcode: TEXT, payload, mask: false }));
  stream.once('data', () => stream.emit('close'));
  stream.emit('data', Buffer.concat(frames));
  await events.next('close');
  assert.deepEqual(names(events), ['open', 'message', 'message', 'message', 'close']);
});

test('a stream that is told something in a message listener is heard after it, not inside', () => {
  const { base, events, stream } = assigned(new OldStream());
  const order = [];
  base.on('message', (text) => {
    order.push(`${text} begins`);
    if (text === 'a') stream.text('c');
    order.push(`${text} ends`);
  });
  stream.emit('data', Buffer.concat(['a', 'b'].map((payload) => encode({ opcode: TEXT, payload, mask: false }))));
  assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  assert.equal(events.list('message').length, 3);
});

test('a message that comes byte by byte', () => {
  const { events, stream } = assigned(new OldStream());
  const bytes = Buffer.concat([
    encode({ opcode: TEXT, payload: 'grü', fin: false, mask: true }),
    encode({ opcode: PING, payload: 'between', mask: false }),
    encode({ opcode: CONTINUATION, payload: 'ße 😀', mask: true }),
    encode({ opcode: BINARY, payload: Buffer.alloc(300, 7), mask: false }),
  ]);
  for (const byte of bytes) stream.emit('data', Buffer.of(byte));
  assert.deepEqual(names(events), ['open', 'ping', 'message', 'binary']);
  assert.equal(events.list('message')[0][0], 'grüße 😀');
  assert.deepEqual(events.list('binary')[0][0], Buffer.alloc(300, 7));
  assert.deepEqual(
    stream.frames.map(({ opcode }) => opcode),
    [PONG],
  );
});

test('the chunk that a mock emitted is left as it was', () => {
  const { stream, events } = assigned(new OldStream());
  const chunk = encode({ opcode: TEXT, payload: 'masked', mask: true });
  const before = Buffer.from(chunk);
  stream.emit('data', chunk);
  assert.deepEqual(chunk, before);
  assert.equal(events.list('message')[0][0], 'masked');
});

test('a Uint8Array as data is taken as well', () => {
  const { stream, events } = assigned(new OldStream());
  stream.emit('data', new Uint8Array(encode({ opcode: TEXT, payload: 'plain' })));
  assert.equal(events.list('message')[0][0], 'plain');
});

for (const encoding of ['latin1', 'hex', 'base64', 'utf8', 'utf16le']) {
  test(`setEncoding('${encoding}') before the assignment does no harm`, async () => {
    const [near, far] = pair();
    near.setEncoding(encoding);
    const { base, events } = assigned(near, { maxPayload: MiB });
    base.on('binary', (data, sid) => base.send(sid, data));
    const payload = Buffer.from(Array.from({ length: 1000 }, (_, i) => i & 255));
    for (let i = 0; i < 3; i++) far.write(encode({ opcode: BINARY, payload, mask: i === 1 }));
    for (let i = 0; i < 3; i++) assert.deepEqual((await events.next('binary'))[0], payload);
  });
}

test('head comes after open and before what the stream says', async () => {
  const stream = new OldStream();
  const whole = encode({ opcode: TEXT, payload: 'split in two' });
  const { events } = assigned(
    stream,
    {},
    { head: Buffer.concat([encode({ opcode: TEXT, payload: 'head' }), whole.subarray(0, 9)]) },
  );
  stream.emit('data', whole.subarray(9));
  stream.text('tail');
  await events.atLeast('message', 3);
  assert.deepEqual(
    events.list('message').map(([text]) => text),
    ['head', 'split in two', 'tail'],
  );
  assert.equal(names(events)[0], 'open');
});

test('a plain Duplex: messages of all sizes both ways, and the closing handshake', async () => {
  const [near, far] = pair();
  const { base, events, sid } = assigned(near);
  base.on('binary', (data) => base.send(sid, data));
  const reader = new FrameReader();
  const frames = [];
  const ended = once(far, 'end').then(() => far.end());
  far.on('data', (chunk) => frames.push(...reader.push(chunk)));
  const sizes = [0, 1, 125, 126, 65535, 65536, MiB];
  for (const [i, size] of sizes.entries())
    far.write(encode({ opcode: BINARY, payload: Buffer.alloc(size, i), mask: i % 2 === 0 }));
  await events.atLeast('binary', sizes.length);
  far.write(encode({ opcode: CLOSE, payload: closePayload(3000, 'done') }));
  assert.deepEqual(await events.next('close').then(([reason, , code]) => [reason, code]), ['done', 3000]);
  await ended;
  assert.deepEqual(
    frames.map(({ opcode, payload }) => [opcode, payload.length]),
    [...sizes.map((size) => [BINARY, size]), [CLOSE, 6]],
  );
  assert.deepEqual(
    names(events).filter((name) => name !== 'drain'),
    ['open', ...sizes.map(() => 'binary'), 'close'],
  );
});

test('two Bases talk over a pair of Duplexes, one as the client', async () => {
  const [near, far] = pair();
  const server = assigned(near, { enforceMasking: true });
  const client = assigned(far, { enforceMasking: true, mask: true });
  server.base.on('message', (text, sid) => server.base.send(sid, `${text} back`));
  client.base.send('there and');
  assert.deepEqual(await client.events.next('message'), ['there and back', client.sid]);
  client.base.ping('p');
  assert.deepEqual(await client.events.next('pong'), ['p', client.sid, Buffer.from('p')]);
  client.base.close(client.sid, 4000, 'enough');
  assert.deepEqual(await server.events.next('close'), ['enough', server.sid, 4000]);
  assert.deepEqual(await client.events.next('close'), ['enough', client.sid, 4000]);
});

test('a PassThrough is a loop', async () => {
  const { base, events, sid } = assigned(new PassThrough());
  base.send('a');
  base.send(Buffer.alloc(MiB, 1));
  base.send('b');
  await events.atLeast('message', 2);
  assert.deepEqual(
    names(events).filter((name) => name !== 'drain'),
    ['open', 'message', 'binary', 'message'],
  );
  base.close(sid, 'round');
  assert.deepEqual(await events.next('close'), ['round', sid, 1000]);
});

test('what a peer does wrong is an error, then the close frame and close', async () => {
  const { base, events, sid, stream } = assigned(new OldStream(), { maxPayload: 1000 });
  base.on('message', () => base.send('reply'));
  const bytes = [
    { opcode: TEXT, payload: 'right' },
    { opcode: TEXT, payload: 'x'.repeat(1001) },
  ].map(encode);
  stream.emit('data', Buffer.concat(bytes));
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.sid, error.closeCode], ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', sid, 1009]);
  stream.emit('end');
  assert.equal((await events.next('close'))[2], 1009);
  assert.deepEqual(
    stream.frames.map(({ opcode }) => opcode),
    [TEXT, CLOSE],
  );
  assert.deepEqual(names(events), ['open', 'message', 'error', 'close']);
});

test('an eviction closes the oldest stream with 1013', async () => {
  const base = new Base({ maxConnections: 2 });
  const events = listen(base);
  const streams = [new LoopBack(), new LoopBack(), new LoopBack()];
  const sids = streams.map((stream) => base.assignSocket(stream));
  assert.deepEqual([...base.socketsHistory], sids.slice(1));
  assert.deepEqual(await events.next('close'), ['maxConnections reached.', sids[0], 1013]);
});

test('statistics count what streams carry', async () => {
  const { base, sid } = assigned(new LoopBack());
  base.send('12345').ping('678');
  const expected = {
    connections: 1,
    streams: 1,
    closing: 0,
    messagesSent: 1,
    messagesReceived: 1,
    pingsSent: 1,
    pingsReceived: 1,
    pongsReceived: 1,
    errors: 0,
    bytesSent: 7 + 5 + 5,
    bytesReceived: 7 + 5 + 5,
    queuedBytes: 0,
  };
  /** The counters that are about the stream. */
  const counted = () => {
    const stats = base.stats();
    return Object.fromEntries(Object.keys(expected).map((name) => [name, stats[name]]));
  };
  assert.deepEqual(counted(), expected);
  base.terminate(sid);
  await once(base, 'close');
  assert.deepEqual(counted(), { ...expected, connections: 0, streams: 0 }, 'they stay when the connection is over');
});

test('a mock without anything but write and end', async () => {
  const stream = new Stream();
  const written = [];
  stream.write = (chunk) => written.push(chunk);
  stream.end = () => written.push('end');
  const { base, events, sid } = assigned(stream);
  base.send('x');
  base.pause(sid).resume(sid);
  base.terminate(sid);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.deepEqual(written, [Buffer.from([0x81, 1, 0x78]), 'end']);
});

test('the same stream cannot be assigned twice, not even when it is over', async () => {
  const { base, events, sid, stream } = assigned(new LoopBack());
  assert.throws(() => base.assignSocket(stream), { code: 'ERR_WS_SOCKET_TAKEN' });
  base.terminate(sid);
  await events.next('close');
  assert.throws(() => new Base().assignSocket(stream), { code: 'ERR_WS_SOCKET_TAKEN' });
});

test('what an old-style stream says inside resume comes after open, and its end too', async () => {
  const stream = new OldStream();
  stream.resume = () => {
    stream.text('early');
    stream.emit('end');
  };
  const { events, sid } = assigned(stream, {}, { head: encode({ opcode: TEXT, payload: 'head' }) });
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.deepEqual(names(events), ['open', 'message', 'message', 'close']);
  assert.deepEqual(
    events.list('message').map(([text]) => text),
    ['head', 'early'],
  );
});

test('the same without a head', async () => {
  const stream = new OldStream();
  stream.resume = () => stream.text('early');
  const { events, sid } = assigned(stream);
  assert.deepEqual(await events.next('message'), ['early', sid]);
  assert.deepEqual(names(events), ['open', 'message']);
});
