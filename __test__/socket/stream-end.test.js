'use strict';

// How a connection over a stream pauses and ends.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { LoopBack, OldStream, Slow, assigned, pair, test } = require('../support/streams');
const { CLOSE, PING, TEXT, closePayload, encode } = require('../support/frames');

/** @returns {string[]} what was emitted, by name */
const names = (events) => events.all.map(({ name }) => name);

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
