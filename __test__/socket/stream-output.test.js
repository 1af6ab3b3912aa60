'use strict';

// What is written to a stream: together, in order, as it takes it.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { Duplex, PassThrough } = require('node:stream');
const { once } = require('node:events');
const { Base } = require('../..');
const { Inflater, NAME } = require('../support/deflate');
const { LoopBack, OldStream, Slow, assigned, listen, test } = require('../support/streams');
const { CLOSE, PING, TEXT, FrameReader, closePayload, encode } = require('../support/frames');

const MiB = 1 << 20;

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
