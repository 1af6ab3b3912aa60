'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { PING, PONG, TEXT, encode } = require('../support/frames');

test(
  "a peer that is idle is closed with 1001 and 'timeout'",
  limit,
  served({ base: { timeout: 50 } }, async ({ events, connect }) => {
    const client = await connect();
    assert.deepEqual(await client.closed(), { code: 1001, reason: 'timeout' });
    assert.deepEqual(await events.next('close'), ['timeout', client.sid, 1001]);
  }),
);

test(
  'so is one that does not answer',
  limit,
  served({ base: { timeout: 50, closeTimeout: 50 } }, async ({ base, events, raw }) => {
    const client = await raw();
    assert.deepEqual(await client.closeFrame(), { code: 1001, reason: 'timeout' });
    assert.equal(base.connections, 0);
    assert.deepEqual(await events.next('close'), ['timeout', client.sid, 1001]);
    await client.ended();
  }),
);

test(
  'what we send is no sign of life',
  limit,
  served({ base: { timeout: 200, closeTimeout: 50 } }, async ({ base, events, raw }, t) => {
    const { sid } = await raw();
    const timer = setInterval(() => base.send(sid, 'are you there?'), 10);
    t.after(() => clearInterval(timer));
    assert.deepEqual(await events.next('close'), ['timeout', sid, 1001]);
    clearInterval(timer);
  }),
);

test(
  'a peer that sends is not idle, whatever it sends',
  limit,
  served({ base: { timeout: 1000 } }, async ({ base, events, raw, connect }, t) => {
    const [talks, pongs, trickles] = [await raw(), await raw(), await raw()];
    const long = encode({ opcode: TEXT, payload: 'x'.repeat(1000) });
    let at = 0;
    const timer = setInterval(() => {
      talks.text('x');
      pongs.send({ opcode: PONG });
      trickles.write(long.subarray(at, ++at));
    }, 50);
    t.after(() => clearInterval(timer));
    const idle = await connect();
    assert.deepEqual(await events.next('close'), ['timeout', idle.sid, 1001]);
    assert.deepEqual([...base.socketsHistory], [talks.sid, pongs.sid, trickles.sid]);
    clearInterval(timer);
  }),
);

test(
  '0 turns it off',
  limit,
  served({ base: { timeout: 0 } }, async ({ base, events, connect }) => {
    const patient = await connect();
    base.timeout = 100;
    const other = await connect();
    assert.deepEqual(await events.next('close'), ['timeout', other.sid, 1001]);
    assert.deepEqual([...base.socketsHistory], [patient.sid]);
  }),
);

test(
  'while paused, the clock of a connection stands still',
  limit,
  served({ base: { timeout: 150 } }, async ({ base, events, connect }) => {
    const paused = await connect();
    base.pause(paused.sid);
    const other = await connect();
    assert.deepEqual(await events.next('close'), ['timeout', other.sid, 1001]);
    const another = await connect();
    assert.deepEqual(await events.next('close'), ['timeout', another.sid, 1001]);
    assert.deepEqual([...base.socketsHistory], [paused.sid]);
    base.resume(paused.sid);
    assert.deepEqual(await events.next('close'), ['timeout', paused.sid, 1001]);
  }),
);

test(
  'pingInterval pings a peer that is silent; its pongs are not emitted',
  limit,
  served({ base: { pingInterval: 700 } }, async ({ base, events, connect }) => {
    const client = await connect();
    await client.inbox.atLeast('ping', 3);
    assert.equal(events.list('pong').length, 0);
    assert.equal(base.connections, 1);
    await client.send('alive');
    await events.next('message');
  }),
);

test(
  'pongs to our own pings are emitted all the same',
  limit,
  served({ base: { pingInterval: 700 } }, async ({ base, events, connect }) => {
    const client = await connect();
    await client.inbox.atLeast('ping', 1);
    base.ping(client.sid, 'ours');
    assert.deepEqual(await events.next('pong'), ['ours', client.sid, Buffer.from('ours')]);
    await client.inbox.atLeast('ping', 4);
    assert.deepEqual(events.list('pong'), [['ours', client.sid, Buffer.from('ours')]]);
  }),
);

test(
  'a peer that answers no ping is dropped with 1006',
  limit,
  served({ base: { pingInterval: 50 } }, async ({ base, events, raw }) => {
    const client = await raw();
    assert.equal((await client.frame()).opcode, PING);
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    assert.equal(base.connections, 0);
    await client.ended();
    assert.ok(
      client.frames.every(({ opcode }) => opcode === PING),
      'it was dropped, not closed',
    );
  }),
);

test(
  'a peer that dies drops nobody else',
  limit,
  served({ base: { pingInterval: 500 } }, async ({ base, events, raw, connect }) => {
    const lives = await connect();
    const dead = await raw();
    assert.deepEqual(await events.next('close'), ['', dead.sid, 1006]);
    assert.deepEqual([...base.socketsHistory], [lives.sid]);
  }),
);

test(
  'a peer that talks is not pinged, and not dropped for answering no ping',
  limit,
  served({ base: { pingInterval: 1000 } }, async ({ base, events, raw }, t) => {
    const talks = await raw();
    const timer = setInterval(() => talks.text('x'), 50);
    t.after(() => clearInterval(timer));
    const dead = await raw();
    assert.deepEqual(await events.next('close'), ['', dead.sid, 1006]);
    assert.deepEqual([...base.socketsHistory], [talks.sid]);
    assert.equal(talks.frames.length, 0);
    clearInterval(timer);
  }),
);

/** More than the systems of both ends hold. */
const MUCH = Buffer.alloc(32 << 20);

test(
  'a peer that reads slowly is not dropped for a ping that waits behind what it reads',
  limit,
  served({ base: { pingInterval: 1000, maxBufferedAmount: Infinity } }, async ({ base, events, raw }, t) => {
    const client = await raw({ paused: true });
    base.send(client.sid, MUCH);
    // Half a MiB at a time: for many intervals, in which it sends nothing.
    let got = 0;
    const timer = setInterval(() => client.socket.resume(), 100);
    t.after(() => clearInterval(timer));
    await new Promise((resolve) => {
      client.socket.on('data', ({ length }) => {
        if (got >> 19 !== (got + length) >> 19) client.socket.pause();
        got += length;
        if (got >= MUCH.length / 2) resolve();
      });
      client.socket.on('close', resolve);
    });
    clearInterval(timer);
    assert.equal(events.list('close').length, 0);
    // It reads no more.
    client.socket.pause();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);

test(
  'a peer that reads nothing is dropped for a ping that it cannot have got',
  limit,
  served({ base: { pingInterval: 100, maxBufferedAmount: Infinity } }, async ({ base, events, raw }) => {
    const client = await raw({ paused: true });
    base.send(client.sid, MUCH);
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);
