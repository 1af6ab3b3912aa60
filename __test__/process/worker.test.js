'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { once } = require('node:events');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { run } = require('../support/child');
const { Inbox } = require('../support/inbox');
const { RawClient } = require('../support/raw-client');
const { TEXT, encode } = require('../support/frames');
const { limit, served } = require('../support/server');

/** A worker with a server in it, and a way to connect to that. */
async function start(t) {
  const worker = new Worker(path.join(__dirname, '../support/fixtures/worker-server.js'));
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  t.after(() => worker.terminate());
  const inbox = new Inbox(worker, ['message']);
  const [{ port }] = await inbox.next('message');
  const connect = async () => {
    const client = new RawClient({ port, host: '127.0.0.1' });
    t.after(() => client.destroy());
    await client.inbox.next('head');
    const [{ sid }] = await inbox.next('message');
    return Object.assign(client, { sid });
  };
  return { worker, exited, connect };
}

test('a Base in a worker serves', limit, async (t) => {
  const { connect } = await start(t);
  const client = await connect();
  await client.text('hello worker');
  assert.equal(await client.said(), 'hello worker');
});

test(
  'a Base in each of two workers and one here share nothing',
  limit,
  served({}, async ({ base, connect }, t) => {
    const here = await connect();
    const [one, two] = [await start(t), await start(t)];
    const [inOne, inTwo] = [await one.connect(), await two.connect()];
    assert.equal(new Set([here.sid, inOne.sid, inTwo.sid]).size, 3);
    base.send('here');
    base.send(inOne.sid, 'astray');
    await inOne.text('one');
    await inTwo.text('two');
    assert.equal(await here.message(), 'here');
    assert.equal(await inOne.said(), 'one');
    assert.equal(await inTwo.said(), 'two');

    await one.worker.terminate();
    await inOne.ended();
    await inTwo.text('two is still there');
    assert.equal(await inTwo.said(), 'two is still there');
    base.send('so am I');
    assert.equal(await here.message(), 'so am I');
  }),
);

test('a worker ends by itself when its last connection is over', limit, async (t) => {
  const { exited, connect } = await start(t);
  const client = await connect();
  await client.text('stop listening');
  assert.equal(await client.said(), 'stop listening');
  await client.text('still there?');
  assert.equal(await client.said(), 'still there?');
  await client.close(1000);
  assert.equal(await exited, 0);
});

test('send, then process.exit() in a worker: it arrives, and only the worker ends', limit, async (t) => {
  const { exited, connect } = await start(t);
  const client = await connect();
  await client.text('last words and exit');
  assert.equal(await client.said(), 'last words');
  assert.equal(await exited, 3);
  await client.ended();
});

test(
  'a throw in a listener ends the worker, as any uncaught error there',
  limit,
  served({}, async ({ base, connect }, t) => {
    const { worker, exited, connect: connectThere } = await start(t);
    const failed = new Promise((resolve) => worker.once('error', resolve));
    const [here, there] = [await connect(), await connectThere()];
    await there.text('throw');
    assert.equal((await failed).message, 'thrown in a worker');
    assert.equal(await exited, 1);
    await there.ended();
    base.send('still here');
    assert.equal(await here.message(), 'still here');
  }),
);

test(
  'a worker that is blocked under a flood holds up nobody else',
  limit,
  served({}, async ({ base, connect }, t) => {
    const { worker, connect: connectThere } = await start(t);
    const [here, there] = [await connect(), await connectThere()];
    const release = new Int32Array(new SharedArrayBuffer(4));
    worker.postMessage(release);
    await there.inbox.until(() => there.frames.some(({ payload }) => payload.toString() === 'blocked'));
    const flood = there.write(
      Buffer.concat(new Array(64).fill(encode({ opcode: TEXT, payload: 'x'.repeat(1 << 20) }))),
    );
    for (let i = 0; i < 100; i++) {
      const heard = once(base, 'message');
      await here.send(`${i}`);
      assert.equal((await heard)[0], `${i}`);
      base.send('on');
      assert.equal(await here.message(), 'on');
    }
    Atomics.store(release, 0, 1);
    Atomics.notify(release, 0);
    await flood;
    await there.inbox.atLeast('frame', 65);
  }),
);

test('terminate() of busy workers: the process stays, the peers see the end within two seconds', {
  timeout: 60_000,
}, async (t) => {
  const child = run(t, 'worker-rounds.js', [10]);
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
  assert.deepEqual(
    child.lines.map(([, round]) => round),
    Array.from({ length: 10 }, (_, i) => i),
  );
  for (const [, round, ms] of child.lines) assert.ok(ms < 2000, `round ${round}: ${ms} ms`);
});
