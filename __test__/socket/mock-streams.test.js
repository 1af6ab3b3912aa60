'use strict';

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { Duplex, PassThrough, Stream } = require('node:stream');
const { once } = require('node:events');
const { Base } = require('../..');
const { Inflater, NAME } = require('../support/deflate');
const { LoopBack, OldStream, listen, pair, test } = require('../support/streams');
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

/** @returns {object} a `Base`, what it emits, and the stream it was given */
function assigned(stream, options, assignOptions) {
  const base = new Base(options);
  const events = listen(base);
  const sid = base.assignSocket(stream, assignOptions);
  return { base, events, sid, stream };
}

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
  assert.deepEqual(events.list('pong'), [['x', sid]]);
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
  assert.deepEqual(await client.events.next('pong'), ['p', client.sid]);
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

/** A Duplex of which a test says when a write is done. */
class Slow extends Duplex {
  constructor({ writableHighWaterMark } = {}) {
    super({ writableHighWaterMark, read() {}, allowHalfOpen: true });
    this.pending = [];
    this.calls = [];
    this.got = [];
    this.reader = new FrameReader();
  }

  _write(chunk, _encoding, done) {
    this.calls.push(1);
    this.take([chunk], done);
  }

  _writev(chunks, done) {
    this.calls.push(chunks.length);
    this.take(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  take(chunks, done) {
    this.pending.push(done);
    for (const chunk of chunks) this.got.push(...this.reader.push(chunk).map(({ payload }) => payload.toString()));
  }

  /** Ends the write under way. */
  release() {
    this.pending.shift()();
  }
}

test('the frames of one tick leave in one writev', async () => {
  const { base, sid, stream } = assigned(new Slow());
  for (let i = 0; i < 10; i++) base.send(sid, `${i}`);
  base.send('all');
  base.ping(sid, 'p');
  assert.deepEqual(stream.calls, []);
  assert.ok(base.bufferedAmount(sid) > 0);
  await new Promise(process.nextTick);
  assert.deepEqual(stream.calls, [12]);
  assert.deepEqual(stream.got, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'all', 'p']);
  stream.release();
  base.send('next tick');
  await new Promise(process.nextTick);
  assert.deepEqual(stream.calls, [12, 1]);
});

test('so do those that are more than the stream wants at once', async () => {
  const { base, sid, stream } = assigned(new Slow({ writableHighWaterMark: 1000 }));
  for (let i = 0; i < 5; i++) base.send(sid, `${i}`.repeat(2000));
  await new Promise(process.nextTick);
  assert.deepEqual(stream.calls, [5]);
  base.send(sid, 'waits');
  await new Promise(process.nextTick);
  assert.deepEqual(stream.calls, [5]);
  stream.release();
  await new Promise(setImmediate);
  assert.deepEqual(stream.calls, [5, 1]);
});

test('past 256 KiB they follow as the stream takes them: it may have a copy of its own of what it is given', async () => {
  const [size, count] = [64 * 1024, 32];
  const { base, sid, stream } = assigned(new Slow());
  for (let i = 0; i < count; i++) base.send(sid, `${i % 10}`.repeat(size));
  await new Promise(process.nextTick);
  assert.ok(stream.writableLength <= 5 * size, `${stream.writableLength}`);
  assert.ok(base.bufferedAmount(sid) > count * size);
  while (base.bufferedAmount(sid) > 0) {
    stream.release();
    await new Promise(setImmediate);
  }
  assert.deepEqual(
    stream.got.map((text) => [text.length, text[0]]),
    Array.from({ length: count }, (_, i) => [size, `${i % 10}`]),
  );
});

test('the answers to one chunk leave in one writev too', async () => {
  const { base, stream } = assigned(new Slow());
  base.on('message', (text, sid) => base.send(sid, text));
  stream.push(Buffer.concat(['a', 'b', 'c', 'd'].map((payload) => encode({ opcode: TEXT, payload }))));
  await once(base, 'message');
  await new Promise(process.nextTick);
  assert.deepEqual(stream.calls, [4]);
});

test('a stream that the app had corked is let go', async () => {
  const stream = new Slow();
  stream.cork();
  stream.cork();
  const { base } = assigned(stream);
  base.send('out');
  await new Promise(process.nextTick);
  assert.deepEqual(stream.got, ['out']);
});

for (const writableHighWaterMark of [1, 16 * 1024, 8 * MiB]) {
  test(`frames wait for a slow stream, in order, until drain; high-water mark ${writableHighWaterMark}`, async () => {
    const { base, events, sid, stream } = assigned(new Slow({ writableHighWaterMark }));
    const sent = [];
    for (let i = 0; i < 6; i++) {
      sent.push(`${i}`.repeat(30_000));
      base.send(sid, sent[i]);
      await new Promise(process.nextTick);
    }
    const queued = base.bufferedAmount(sid);
    assert.equal(queued, 6 * 30_004);
    assert.equal(base.stats().queuedBytes, queued);
    assert.equal(base.sockets[sid].bufferedAmount, queued);
    assert.equal(events.list('drain').length, 0);
    let more = true;
    const drained = once(base, 'drain').then(([who]) => assert.equal(who, sid));
    while (stream.pending.length > 0) {
      stream.release();
      await new Promise(setImmediate);
      if (more && base.bufferedAmount(sid) > 0 && base.bufferedAmount(sid) < 64 * 1024) {
        more = false;
        base.send(sid, 'late'); // small, and behind all others
        await new Promise(process.nextTick);
      }
    }
    assert.equal(base.bufferedAmount(sid), 0);
    await drained;
    assert.equal(events.list('drain').length, 1);
    assert.deepEqual(stream.got, more ? sent : [...sent, 'late']);
  });
}

test('no drain comes of a queue that never exceeded 64 KiB', async () => {
  const { base, events, sid, stream } = assigned(new Slow({ writableHighWaterMark: 1 }));
  base.send(sid, 'x'.repeat(60_000));
  await new Promise(process.nextTick);
  while (stream.pending.length > 0) {
    stream.release();
    await new Promise(setImmediate);
  }
  assert.equal(base.bufferedAmount(sid), 0);
  assert.equal(events.list('drain').length, 0);
});

test('a stream that never drains: maxBufferedAmount, and only it is dropped', async () => {
  const base = new Base({ maxBufferedAmount: MiB });
  const events = listen(base);
  const other = base.assignSocket(new LoopBack());
  const slow = new Slow();
  const sid = base.assignSocket(slow);
  for (let i = 0; i < 4; i++) base.send(sid, Buffer.alloc(300 * 1024));
  assert.equal(base.connections, 2);
  assert.ok(base.bufferedAmount(sid) >= MiB);
  base.send('one too many');
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.sid, error.closeCode], ['WS_ERR_BACKPRESSURE', sid, 1006]);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.equal(slow.destroyed, true);
  assert.deepEqual([...base.socketsHistory], [other]);
  assert.deepEqual(events.list('message'), [['one too many', other]]);
});

test('an error listener that throws then still leaves the connection dropped', async () => {
  const { base, events, sid } = assigned(new Slow(), { maxBufferedAmount: 1 });
  const thrown = new Error('mine');
  base.on('error', () => {
    throw thrown;
  });
  const uncaught = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  base.send('a');
  base.send('b');
  assert.equal(await uncaught, thrown);
  process.setUncaughtExceptionCaptureCallback(null);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
});

test('a message above the limit is taken whatever its size, if the stream takes it at once', async () => {
  const { base, events, sid } = assigned(new PassThrough(), { maxBufferedAmount: 1024 });
  base.send(sid, 'x'.repeat(100_000));
  await events.next('message');
  base.send(sid, 'y');
  await events.next('message');
  assert.equal(events.list('error').length, 0);
});

test('an old-style stream that returns false is waited for until its drain', async () => {
  const stream = new OldStream();
  const write = stream.write;
  stream.write = (chunk) => write.call(stream, chunk) && false;
  const { base, events, sid } = assigned(stream);
  const sent = ['first', 'x'.repeat(70_000), 'y', 'last'];
  for (const text of sent) base.send(sid, text);
  assert.deepEqual(stream.texts, ['first']);
  assert.equal(base.bufferedAmount(sid), 70_010 + 3 + 6);
  stream.emit('drain');
  assert.deepEqual(stream.texts, sent.slice(0, 2));
  assert.equal(events.list('drain').length, 0);
  stream.emit('drain');
  stream.emit('drain');
  assert.deepEqual(stream.texts, sent);
  assert.equal(base.bufferedAmount(sid), 0);
  assert.deepEqual(events.list('drain'), [[sid]]);
});

test('one that never drains is dropped as well', async () => {
  const stream = new OldStream();
  stream.write = () => false;
  const { base, events, sid } = assigned(stream, { maxBufferedAmount: 1000 });
  for (let i = 0; i < 12; i++) base.send(sid, 'x'.repeat(100));
  assert.equal((await events.next('error'))[0].code, 'WS_ERR_BACKPRESSURE');
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.equal(stream.inbox.list('ended').length, 1, 'it has no destroy()');
});

test('a close waits behind what waits for drain', async () => {
  const stream = new OldStream();
  const write = stream.write;
  stream.write = (chunk) => write.call(stream, chunk) && false;
  const { base, events, sid } = assigned(stream);
  base.send('a');
  base.send('b');
  base.close(sid, 'c');
  stream.say({ opcode: CLOSE, payload: closePayload(1000, 'd') });
  assert.equal(stream.inbox.list('ended').length, 0);
  for (let i = 0; i < 3; i++) stream.emit('drain');
  assert.deepEqual(
    stream.frames.map(({ opcode }) => opcode),
    [TEXT, TEXT, CLOSE],
  );
  assert.deepEqual(await events.next('close'), ['d', sid, 1000]);
  assert.equal(stream.inbox.list('ended').length, 1);
});

test('only the latest ping is answered while much waits', async () => {
  const { base, events, sid, stream } = assigned(new Slow({ writableHighWaterMark: 1 }));
  base.send(sid, 'x'.repeat(100_000));
  for (let i = 0; i < 1000; i++) stream.push(encode({ opcode: PING, payload: `${i}` }));
  await events.atLeast('ping', 1000);
  assert.ok(base.bufferedAmount(sid) < 101_000, `${base.bufferedAmount(sid)}`);
  while (stream.pending.length > 0) {
    stream.release();
    await new Promise(setImmediate);
  }
  assert.deepEqual(stream.got.slice(1), ['999']);
});

test('pause stops a stream that can be, and nothing comes until resume', async () => {
  const [near, far] = pair();
  const { base, events, sid } = assigned(near);
  far.write(encode({ opcode: TEXT, payload: 'before' }));
  await events.next('message');
  base.pause(sid);
  assert.equal(near.isPaused(), true);
  far.write(encode({ opcode: TEXT, payload: 'after' }));
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  assert.equal(events.list('message').length, 1);
  base.resume(sid);
  assert.deepEqual(await events.next('message'), ['after', sid]);
});

test('of one that cannot be, what comes is held until resume, and close waits behind it', async () => {
  const { base, events, sid, stream } = assigned(new OldStream());
  base.pause(sid);
  stream.text('a');
  stream.say({ opcode: PING, payload: 'b' });
  assert.deepEqual(names(events), ['open']);
  base.resume(sid);
  await events.next('ping');
  assert.deepEqual(names(events), ['open', 'message', 'ping']);
});

test('of one that cannot be, no more than maxBufferedAmount is held: it is dropped', async () => {
  const { base, events, sid, stream } = assigned(new OldStream(), { maxBufferedAmount: 1000 });
  base.pause(sid);
  stream.text('x'.repeat(900));
  await new Promise(setImmediate);
  assert.deepEqual(names(events), ['open']);
  stream.text('y'.repeat(900));
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.sid, error.closeCode], ['WS_ERR_BACKPRESSURE', sid, 1006]);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
});

for (const state of ['open', 'paused', 'closing', 'closed by both', 'with much queued']) {
  for (const event of ['error', 'close', 'end']) {
    test(`'${event}' of a stream that is ${state}: one close, last, and nothing uncaught`, async () => {
      const stream = new OldStream();
      if (state === 'with much queued') stream.write = () => false;
      const { base, events, sid } = assigned(stream, { closeTimeout: 30 });
      if (state === 'paused') base.pause(sid);
      if (state === 'closing') base.close(sid, 'ours');
      if (state === 'closed by both') stream.say({ opcode: CLOSE, payload: closePayload(1000, 'theirs') });
      if (state === 'with much queued') base.send('x'.repeat(100_000)).send('y'.repeat(100_000));
      stream.emit(event, new Error('of the stream'));
      if (state === 'paused' && event === 'end') {
        // As a FIN: it waits with what came before it.
        await new Promise(setImmediate);
        assert.deepEqual(names(events), ['open']);
        base.resume(sid);
      }
      const [reason, who, code] = await events.next('close');
      assert.equal(who, sid);
      const expected =
        state === 'closing' ? ['ours', 1000] : state === 'closed by both' ? ['theirs', 1000] : ['', 1006];
      assert.deepEqual([reason, code], expected);
      for (const again of ['error', 'close', 'end']) stream.emit(again, new Error('once more'));
      stream.text('too late');
      await new Promise(setImmediate);
      assert.deepEqual(names(events), ['open', 'close']);
      assert.equal(base.connections, 0);
      assert.equal(base.stats().closing, 0);
    });
  }
}

for (const [how, spoil] of [
  ['destroyed', (stream) => stream.destroy()],
  ['destroyed with an error', (stream) => stream.destroy(new Error('mine')).on('error', () => {})],
  ['ended by us', (stream) => stream.end()],
]) {
  test(`a Duplex that is ${how} already: open, then close with 1006`, async () => {
    const [near] = pair();
    spoil(near);
    const { events, sid } = assigned(near);
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(names(events), ['open', 'close']);
  });
}

test('a Duplex that the peer has ended, and we have read to its end: open, head, then close with 1006', async () => {
  const [near, far] = pair();
  near.resume();
  far.end();
  await once(near, 'end');
  const { events, sid } = assigned(near, {}, { head: encode({ opcode: TEXT, payload: 'head' }) });
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.deepEqual(names(events), ['open', 'message', 'close']);
});

test('a Duplex that is destroyed later', async () => {
  const [near] = pair();
  const { events, sid } = assigned(near);
  near.destroy(new Error('of the stream'));
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.equal(events.list('error').length, 0);
});

test('terminate destroys a Duplex, and ends what has no destroy', async () => {
  const [near] = pair();
  const old = new OldStream();
  for (const stream of [near, old]) {
    const { base, events, sid } = assigned(stream);
    base.terminate(sid);
    assert.equal(base.connections, 0);
    assert.equal(events.list('close').length, 0, 'not inside terminate');
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  }
  assert.equal(near.destroyed, true);
  assert.equal(old.inbox.list('ended').length, 1);
});

test('closeTimeout ends a closing handshake that the peer does not answer', async () => {
  for (const stream of [new OldStream(), new Slow()]) {
    const { base, events, sid } = assigned(stream, { closeTimeout: 30 });
    base.close(sid, 4001, 'unheard');
    assert.deepEqual(await events.next('close'), ['unheard', sid, 4001]);
    assert.deepEqual(names(events), ['open', 'close']);
  }
});

test('closeTimeout ends a stream that does not end after both close frames', async () => {
  const { events, sid, stream } = assigned(new Slow(), { closeTimeout: 30 });
  stream.push(encode({ opcode: CLOSE, payload: closePayload(1000, 'and stays') }));
  assert.deepEqual(await events.next('close'), ['and stays', sid, 1000]);
  assert.equal(stream.destroyed, true);
});

test('a silent stream is closed with 1001, timeout', async () => {
  const { events, sid, stream } = assigned(new LoopBack(), { timeout: 30 });
  assert.deepEqual(await events.next('close'), ['timeout', sid, 1001]);
  assert.deepEqual(
    stream.frames.map(({ opcode }) => opcode),
    [CLOSE],
  );
});

test('pings of its own keep a loop alive, and end a dead stream', async () => {
  const alive = assigned(new LoopBack(), { pingInterval: 15 });
  const dead = assigned(new OldStream(), { pingInterval: 15 });
  await alive.stream.inbox.atLeast('frame', 4);
  assert.deepEqual(await dead.events.next('close'), ['', dead.sid, 1006]);
  assert.equal(alive.events.list('pong').length, 0);
  assert.equal(alive.base.connections, 1);
  alive.base.terminate(null);
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
  const { ioThreads, ...counters } = base.stats();
  assert.equal(typeof ioThreads, 'number');
  assert.deepEqual(counters, expected);
  base.terminate(sid);
  await once(base, 'close');
  assert.deepEqual(
    base.stats(),
    { ...expected, connections: 0, streams: 0, ioThreads },
    'they stay when the connection is over',
  );
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

test('a write that was stopped by a nested one stays stopped', () => {
  const stream = new OldStream();
  const { base } = assigned(stream);
  const { write } = stream;
  let depth = 0;
  stream.write = (chunk) => {
    write.call(stream, chunk);
    const isOuter = depth++ === 0;
    if (isOuter) base.send('nested');
    return isOuter;
  };
  base.send('outer');
  base.send('waits');
  assert.deepEqual(stream.texts, ['outer', 'nested']);
  stream.emit('drain');
  assert.deepEqual(stream.texts, ['outer', 'nested', 'waits']);
});

test('a drain inside write is not missed', () => {
  const stream = new OldStream();
  const { base } = assigned(stream);
  const { write } = stream;
  stream.write = (chunk) => {
    write.call(stream, chunk);
    stream.emit('drain');
    return false;
  };
  base.send('a').send('b').send('c');
  assert.deepEqual(stream.texts, ['a', 'b', 'c']);
});

test('what is sent while the stream takes what waited does not overtake the rest of it', () => {
  const { base, sid, stream } = assigned(new OldStream());
  base.on('message', () => base.send(sid, 'reply'));
  const { write } = stream;
  let full = true;
  stream.write = (chunk) => {
    write.call(stream, chunk);
    if (stream.texts.at(-1) === '2') stream.text('hello');
    return !full;
  };
  for (const text of ['0', '1', '2', '3', '4']) base.send(text);
  assert.deepEqual(stream.texts, ['0']);
  full = false;
  stream.emit('drain');
  assert.deepEqual(stream.texts, ['0', '1', '2', '3', '4', 'reply']);
});

test('the same of a Duplex, with compression: the peer can inflate all of it', async () => {
  const inflater = new Inflater();
  const reader = new FrameReader();
  const texts = [];
  let done;
  let taken;
  let isFull = true;
  const stream = new Duplex({
    highWaterMark: 4096,
    read() {},
    write(chunk, _encoding, callback) {
      texts.push(...reader.push(chunk).map((frame) => inflater.message(frame)));
      if (texts.length === 4) stream.emit('data', encode({ opcode: TEXT, payload: 'hello' }));
      if (isFull) done = callback;
      else setImmediate(callback);
      taken?.();
    },
  });
  const { base, sid } = assigned(stream, {}, { extensions: NAME });
  const reply = randomBytes(1500).toString('hex');
  base.on('message', () => base.send(sid, reply));
  const sent = [];
  for (let i = 0; i < 5; i++) {
    sent.push(`${i} ${i === 4 ? reply : randomBytes(1500).toString('hex')}`);
    base.send(sid, sent[i]);
    await new Promise(setImmediate); // the next of them is another tick's
  }
  assert.deepEqual(texts, sent.slice(0, 1));
  isFull = false;
  const all = new Promise((resolve) => {
    taken = () => texts.length === 6 && resolve();
  });
  done();
  await all;
  assert.deepEqual(texts, [...sent, reply]);
});

test('drain comes of a stream whose own high-water mark is above 64 KiB', async () => {
  const stream = new Duplex({ highWaterMark: MiB, read() {}, write: (_chunk, _encoding, done) => setImmediate(done) });
  const base = new Base();
  const sid = base.assignSocket(stream);
  const drained = once(base, 'drain');
  base.send(sid, Buffer.alloc(65 * 1024));
  assert.deepEqual(await drained, [sid]);
  assert.equal(base.bufferedAmount(sid), 0);
  base.terminate(sid);
});

for (const [what, to] of [
  ['all', () => null],
  ['several', (sids) => sids],
]) {
  test(`memory that is reused while ${what} are sent to: each gets what was there`, () => {
    const base = new Base();
    const events = listen(base);
    const memory = Buffer.from('first');
    base.once('binary', () => memory.fill('x'));
    const sids = Array.from({ length: 3 }, () => base.assignSocket(new LoopBack()));
    base.send(to(sids), memory);
    assert.deepEqual(
      events.list('binary').map(([data]) => data.toString()),
      ['first', 'first', 'first'],
    );
  });
}

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
