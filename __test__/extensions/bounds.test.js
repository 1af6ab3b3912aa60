'use strict';

// A connection that ends while a frame is inside an extension, and the memory that frames inside may take.

const assert = require('node:assert/strict');
const { Base } = require('../..');
const { collect } = require('../support/collect');
const { LoopBack, OldStream, listen, pair, test } = require('../support/streams');
const { BINARY, CLOSE, TEXT, closePayload, encode } = require('../support/frames');
const { extended, messages, names, passing, turn } = require('../support/extended');

for (const [how, end, expected] of [
  ['terminate', ({ base, sid }) => base.terminate(sid), ['', 1006]],
  ['close by us', ({ base, sid }) => base.close(sid, 'ours'), ['ours', 1000]],
  ['an eviction', ({ base }) => base.assignSocket(new OldStream()), ['maxConnections reached.', 1013]],
]) {
  test(`${how} while a frame is in the read chain: it is not emitted, and next then does nothing`, async () => {
    const held = [];
    const setup = extended(
      { 'x-a': { read: (next) => held.push(next) } },
      { options: { maxConnections: 1, closeTimeout: 20 } },
    );
    setup.stream.text('inside');
    end(setup);
    const [reason, who, code] = await setup.events.next('close');
    assert.deepEqual([reason, who, code], [expected[0], setup.sid, expected[1]]);
    for (const next of held) {
      next();
      next();
      next(new Error('late'));
    }
    assert.equal(setup.events.list('message').length, 0);
    assert.equal(setup.events.list('error').length, 0);
    setup.base.terminate(null);
  });
}

for (const event of ['end', 'close', 'error']) {
  test(`'${event}' of the stream while frames are in the read chain: they are delivered, then close`, async () => {
    const read = async (next) => {
      await turn();
      next();
    };
    const { events, sid, stream } = extended({ 'x-a': { read } });
    for (const text of ['a', 'b', 'c']) stream.text(text);
    stream.emit(event, new Error('of the stream'));
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(names(events), ['open', 'message', 'message', 'message', 'close']);
  });

  test(`'${event}' of the stream while a frame is stuck in the read chain: close comes by closeTimeout`, async () => {
    const { events, sid, stream } = extended({ 'x-a': { read() {} } }, { options: { closeTimeout: 20 } });
    stream.text('stuck');
    stream.emit(event, new Error('of the stream'));
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(names(events), ['open', 'close']);
  });

  test(`'${event}' of the stream while frames are in the write chain: close, and next then does nothing`, async () => {
    const held = [];
    const { base, events, sid, stream } = extended({ 'x-a': { write: (next) => held.push(next) } });
    base.send('x').send('y');
    stream.emit(event, new Error('of the stream'));
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    held[0]();
    held[0](new Error('late'));
    assert.equal(stream.frames.length, 0);
    assert.deepEqual(names(events), ['open', 'close']);
    assert.equal(base.stats().queuedBytes, 0);
  });
}

for (const event of ['close', 'error']) {
  test(`'${event}' of the stream while a frame is held, then send and close: no close frame behind what is dropped`, async () => {
    const held = [];
    const { base, events, sid, stream } = extended({ 'x-a': { read: (next) => held.push(next) } });
    stream.text('held');
    stream.emit(event, new Error('of the stream'));
    base.send('dropped').close(sid, 'bye');
    await turn();
    held[0]();
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(stream.frames, []);
  });
}

test("'end' of the stream while a frame is held, then send and close: both leave, for the peer may read still", async () => {
  const held = [];
  const { base, events, sid, stream } = extended({ 'x-a': { read: (next) => held.push(next) } });
  stream.text('held');
  stream.emit('end');
  base.send('sent').close(sid, 'bye');
  await turn();
  held[0]();
  assert.deepEqual(await events.next('close'), ['bye', sid, 1000]);
  assert.deepEqual(
    stream.frames.map(({ opcode }) => opcode),
    [TEXT, CLOSE],
  );
});

test('the peer closes while frames are in both chains: all is delivered and written, in order', async () => {
  const later = async (next) => {
    await turn();
    next();
  };
  const { base, events, sid, stream } = extended({ 'x-a': { read: later, write: later } });
  base.on('message', (text) => base.send(`reply to ${text}`));
  stream.text('a');
  stream.text('b');
  stream.say({ opcode: CLOSE, payload: closePayload(3001, 'theirs') });
  assert.deepEqual(await events.next('close'), ['theirs', sid, 3001]);
  assert.deepEqual(messages(events), ['a', 'b']);
  assert.deepEqual(stream.texts.slice(0, 2), ['reply to a', 'reply to b']);
  assert.equal(stream.frames[2].opcode, CLOSE);
  assert.equal(stream.inbox.list('ended').length, 1);
});

test('close by us waits behind the frames in the write chain', async () => {
  const later = async (next) => {
    await turn();
    next();
  };
  const { base, events, sid, stream } = extended({ 'x-a': { write: later } }, { stream: new LoopBack() });
  base.send('x').send('y').close(sid, 'bye');
  await events.next('close');
  assert.deepEqual(
    stream.frames.map(({ opcode }) => opcode),
    [TEXT, TEXT, CLOSE],
  );
});

test('an extension that closes, sends or terminates inside', async () => {
  const acts = {
    send: (base) => base.send('inner'),
    close: (base, sid) => base.close(sid, 'x'),
    terminate: (base, sid) => base.terminate(sid),
  };
  for (const [name, act] of Object.entries(acts)) {
    for (const way of ['read', 'write']) {
      let done = false;
      const base = new Base();
      const events = listen(base);
      base.extensions = {
        'x-a': passing({
          [way](next, frame) {
            if (!done) {
              done = true;
              act(base, this.sid);
            }
            next(null, frame);
          },
        }),
      };
      const sid = base.assignSocket(new LoopBack(), { extensions: ['x-a'] });
      base.send('outer');
      if (name === 'send') {
        assert.deepEqual(messages(events).sort(), ['inner', 'outer']);
        base.terminate(sid);
      }
      const [, , code] = await events.next('close');
      assert.equal(code, name === 'close' ? 1000 : 1006);
      if (name !== 'send') assert.equal(events.list('message').length, 0, `${name} in ${way}`);
      assert.equal(events.list('close').length, 1);
    }
  }
});

test('frames stuck in the write chain: maxBufferedAmount, and only that connection is dropped', async () => {
  const { base, events, sid } = extended({ 'x-a': { write() {} } }, { options: { maxBufferedAmount: 100_000 } });
  const other = base.assignSocket(new LoopBack());
  let sent = 0;
  for (; sent < 1000 && base.bufferedAmount(sid) < 100_000; sent++) base.send(sid, 'x'.repeat(1000));
  assert.equal(sent, 100);
  base.send('one too many');
  base.send('and one more');
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', sid]);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.deepEqual(events.list('message'), [
    ['one too many', other],
    ['and one more', other],
  ]);
  assert.equal(events.list('error').length, 1);
  assert.equal(base.stats().queuedBytes, 0);
});

test('frames stuck in the read chain of a stream that cannot be paused: dropped at maxBufferedAmount and one message', async () => {
  const { events, sid, stream } = extended(
    { 'x-a': { read() {} } },
    { options: { maxBufferedAmount: 100_000, maxPayload: 20_000 } },
  );
  let taken = 0;
  while (events.list('close').length === 0 && taken < 1_000_000) {
    stream.text('x'.repeat(1000));
    taken += 1000;
    await turn();
  }
  assert.ok(taken > 100_000 && taken < 130_000, `${taken}`);
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', sid]);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
});

test('frames stuck in the read chain of a stream that can be paused: the peer is stopped, and goes on afterwards', async () => {
  const held = [];
  const [near, far] = pair();
  const { base, events, sid } = extended(
    { 'x-a': { read: (next) => held.push(next) } },
    { stream: near, options: { maxBufferedAmount: 200_000 } },
  );
  const frame = encode({ opcode: BINARY, payload: Buffer.alloc(10_000, 1) });
  for (let i = 0; i < 100; i++) far.write(frame);
  for (let i = 0; i < 20; i++) await turn();
  assert.equal(near.isPaused(), true);
  assert.ok(far.writableLength > 800_000, 'the peer waits');
  assert.equal(events.list('error').length, 0);
  for (let i = 0; i < 100; i++) {
    while (held.length === 0) await turn();
    // Dropping a frame makes room as well.
    held.shift()(i % 2 === 0 ? null : new Error('dropped'));
  }
  await events.atLeast('binary', 50);
  assert.equal(near.isPaused(), false);
  assert.equal(events.list('error').length, 50);
  base.terminate(sid);
});

test('a single large frame that is dropped later lets the peer go on', async () => {
  const held = [];
  const [near, far] = pair();
  const { base, events, sid } = extended({ 'x-a': { read: (next) => held.push(next) } }, { stream: near });
  far.write(encode({ opcode: BINARY, payload: Buffer.alloc(100_000) }));
  while (held.length === 0) await turn();
  assert.equal(near.isPaused(), true);
  far.write(encode({ opcode: TEXT, payload: 'next' }));
  held.shift()(new Error('dropped'));
  while (held.length === 0) await turn();
  held.shift()();
  assert.deepEqual(await events.next('message'), ['next', sid]);
  base.terminate(sid);
});

test('pause by the app holds, whatever a chain does', async () => {
  const held = [];
  const [near, far] = pair();
  const { base, events, sid } = extended({ 'x-a': { read: (next) => held.push(next) } }, { stream: near });
  far.write(encode({ opcode: BINARY, payload: Buffer.alloc(100_000) }));
  while (held.length === 0) await turn();
  base.pause(sid);
  held.shift()();
  assert.equal(near.isPaused(), true);
  base.resume(sid);
  await events.next('binary');
  assert.equal(near.isPaused(), false);
  base.terminate(sid);
});

test('a frame that is not whole is bounded by maxPayload', async () => {
  const { events, stream } = extended({ 'x-a': passing() }, { options: { maxPayload: 1000 } });
  stream.emit('data', encode({ opcode: TEXT, payload: '', declaredLength: 1001n }));
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.closeCode], ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009]);
});

test('a frame that comes byte by byte costs memory by its bytes', async () => {
  const used = () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const { events, sid, stream } = extended({ 'x-none': passing() });
  const payload = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
  const bytes = encode({ opcode: BINARY, payload, mask: false });
  const before = used();
  for (const byte of bytes.subarray(0, -1)) stream.emit('data', Buffer.of(byte));
  const cost = (used() - before) / bytes.length;
  assert.ok(cost < 20, `${cost.toFixed()} bytes for each`);
  stream.emit('data', Buffer.concat([bytes.subarray(-1), encode({ opcode: TEXT, payload: 'behind it', mask: false })]));
  assert.deepEqual(await events.next('binary'), [payload, sid]);
  assert.deepEqual(await events.next('message'), ['behind it', sid]);
});

test('frames are cut out of the stream however it is cut', async () => {
  const payloads = ['', 'a', 'b'.repeat(125), 'c'.repeat(126), 'd'.repeat(70_000), 'e'];
  const bytes = Buffer.concat(payloads.map((payload) => encode({ opcode: TEXT, payload, mask: false })));
  for (const size of [1, 2, 3, 7, 127, 4096, 69_999, bytes.length]) {
    const { events, stream } = extended({ 'x-none': passing() });
    for (let at = 0; at < bytes.length; at += size) stream.emit('data', bytes.subarray(at, at + size));
    assert.deepEqual(messages(events), payloads, `in pieces of ${size}`);
  }
});
