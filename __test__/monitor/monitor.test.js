'use strict';

const assert = require('node:assert/strict');
const { channel } = require('node:diagnostics_channel');
const { once } = require('node:events');
const { test } = require('node:test');
const { isDeepStrictEqual } = require('node:util');
const { Base, Server } = require('../..');
const { monitor } = require('websockets/monitor');
const { WebSocketServer } = require('websockets/ws');
const { run } = require('../support/child');
const { TEXT, encode } = require('../support/frames');
const { limit, served } = require('../support/server');
const { connect, serve } = require('../support/serve');

/** A monitor of a Base, and a viewer of it. */
async function watched(t, base, options = { interval: 100 }) {
  const { server: viewers, url } = await serve(t);
  const watch = monitor(viewers, { it: base }, options);
  t.after(() => watch.close());
  const viewer = await connect(url);
  t.after(() => viewer.terminate());
  /** The next sample in which the Base is as `test` says. */
  const until = async (test) => {
    for (;;) {
      const sample = JSON.parse(String((await viewer.inbox.next('message'))[0]));
      if (test(sample.bases[0])) return sample;
    }
  };
  return { viewers, viewer, url, until, watch };
}

test('a sample has what stats() has, the rates of it, and the process', limit, (t) =>
  served({}, async ({ base, connect: connectClient }) => {
    const { until } = await watched(t, base);
    const before = await until(() => true);
    assert.deepEqual(Object.keys(before), ['version', 'time', 'seconds', 'process', 'bases']);
    assert.equal(before.version, 1);
    assert.ok(before.seconds > 0);
    assert.equal(before.process.pid, process.pid);
    for (const name of ['uptime', 'cpu', 'memory', 'heapUsed', 'loopUtilization', 'loopDelay']) {
      assert.ok(before.process[name] >= 0, name);
    }
    assert.deepEqual(Object.keys(before.bases[0].stats), [...Object.keys(base.stats()), 'opened', 'closed']);

    const clients = [await connectClient(), await connectClient()];
    base.subscribe(clients[0].sid, ['many', 'few']).subscribe(clients[1].sid, 'many');
    await clients[0].send('hello');
    clients[1].ws.close(4321);
    const sample = await until(
      ({ stats }) => stats.messagesReceived === 1 && stats.closed === 1 && stats.closing === 0,
    );
    const [{ name, stats, closes, errors, topics, slow }] = sample.bases;
    assert.equal(name, 'it');
    assert.deepEqual([stats.connections, stats.opened, stats.closed], [1, 2, 1]);
    assert.deepEqual(closes, { '4xxx': 1 });
    assert.deepEqual(errors, {});
    assert.deepEqual(topics, [
      { name: 'many', subscribers: 1 },
      { name: 'few', subscribers: 1 },
    ]);
    assert.deepEqual(slow, []);
  })(t),
);

test('the rates are those of the last interval', limit, (t) =>
  served({}, async ({ base, events, connect: connectClient }) => {
    const client = await connectClient();
    await client.send('before anybody looked');
    await events.next('message');
    const { until } = await watched(t, base);
    const [quiet] = (await until(() => true)).bases;
    assert.equal(quiet.rates.messagesReceived, 0);
    for (let i = 0; i < 10; i += 1) await client.send('x');
    let received = 0;
    await until(({ rates, stats }) => {
      received = Math.max(received, rates.messagesReceived);
      return stats.messagesReceived === 11;
    });
    assert.ok(received > 0);
    assert.equal((await until(({ rates }) => rates.messagesReceived === 0)).bases[0].stats.messagesReceived, 11);
  })(t),
);

test('errors are counted by their codes, and the last ten are there, newest first', limit, (t) =>
  served({}, async ({ base, events, raw }) => {
    const { until } = await watched(t, base);
    for (let i = 0; i < 11; i += 1) {
      const client = await raw();
      await client.write(encode({ opcode: i < 10 ? 0x3 : TEXT, payload: i < 10 ? '' : Buffer.from([0xff]) }));
      await events.atLeast('close', i + 1);
    }
    const [{ errors, recentErrors }] = (await until(({ stats }) => stats.errors === 11)).bases;
    assert.deepEqual(errors, { WS_ERR_INVALID_OPCODE: 10, WS_ERR_INVALID_UTF8: 1 });
    assert.equal(recentErrors.length, 10);
    assert.equal(recentErrors[0].code, 'WS_ERR_INVALID_UTF8');
    assert.equal(recentErrors[1].code, 'WS_ERR_INVALID_OPCODE');
    assert.equal(recentErrors[0].sid, events.list('error').at(-1)[0].sid);
    assert.match(recentErrors[0].address, /127\.0\.0\.1/);
    assert.ok(Math.abs(recentErrors[0].time - Date.now()) < 60_000);
  })(t),
);

test('codes beyond the 50th count as other, and a message is cut', limit, async (t) => {
  const base = new Base();
  const { until } = await watched(t, base);
  for (let i = 0; i < 60; i += 1) {
    const error = Object.assign(new Error('m'.repeat(1000)), { code: `E${i}` });
    channel('websockets:error').publish({ base, sid: undefined, connection: undefined, error });
  }
  const [{ errors, recentErrors }] = (await until(({ errors: { other } }) => other === 10)).bases;
  assert.equal(Object.keys(errors).length, 51);
  assert.deepEqual([recentErrors[0].message.length, recentErrors[0].sid, recentErrors[0].address], [200, null, null]);
});

test('who does not read is a slow peer, whoever lets most wait is the first', limit, (t) =>
  served({ base: { maxBufferedAmount: Infinity } }, async ({ base, raw }) => {
    const peers = [];
    for (let i = 0; i < 12; i += 1) peers.push(await raw({ paused: true }));
    const { until } = await watched(t, base);
    peers.forEach(({ sid }, i) => base.send(sid, Buffer.alloc((8 + i) * 1024 * 1024)));
    // What the system has taken of each comes to rest some time; until then the queues still change.
    const queues = () => peers.map(({ sid }) => [sid, base.bufferedAmount(sid)]).sort(([, a], [, b]) => b - a);
    const [{ slow }] = (
      await until((sample) => {
        const found = sample.slow.map(({ sid, queuedBytes }) => [sid, queuedBytes]);
        return isDeepStrictEqual(found, queues().slice(0, 10));
      })
    ).bases;
    assert.ok(slow[0].queuedBytes > slow[9].queuedBytes && slow[9].queuedBytes > 0);
    assert.match(slow[0].address, /127\.0\.0\.1/);
    assert.equal(slow[0].transport, base.sockets[slow[0].sid].transport);
  })(t),
);

test('nothing is measured while nobody looks, and the next who looks gets new rates', limit, async (t) => {
  const { server, events, url: serverUrl } = await serve(t);
  const { viewers, viewer, url, until } = await watched(t, server);
  await until(() => true);
  viewer.close();
  while (viewers.connections > 0) await once(viewers, 'close');
  const { publishes } = viewers.stats();
  const client = await connect(serverUrl);
  t.after(() => client.terminate());
  client.send('unseen');
  await events.next('message');

  const again = await connect(url);
  t.after(() => again.terminate());
  const [{ rates, stats }] = JSON.parse(String((await again.inbox.next('message'))[0])).bases;
  assert.equal(viewers.stats().publishes, publishes + 1);
  assert.deepEqual([stats.messagesReceived, rates.messagesReceived, rates.opened], [1, 0, 0]);

  // One who comes later need not wait for the next sample.
  const third = await connect(url);
  t.after(() => third.terminate());
  assert.equal(JSON.parse(String((await third.inbox.next('message'))[0])).version, 1);
});

test('after close() no more samples come, and the connections stay', limit, async (t) => {
  const { viewers, viewer, until, watch } = await watched(t, new Base());
  await until(() => true);
  watch.close();
  const { publishes } = viewers.stats();
  viewer.ping();
  await once(viewer, 'pong');
  assert.deepEqual([viewers.connections, viewers.stats().publishes], [1, publishes]);
});

test('who is connected when the monitor begins gets samples, and none of one that has ended', limit, async (t) => {
  const { server: viewers, url } = await serve(t);
  const viewer = await connect(url);
  t.after(() => viewer.terminate());
  const nextName = async () => JSON.parse(String((await viewer.inbox.next('message'))[0])).bases[0].name;
  const first = monitor(viewers, { first: new Base() }, { interval: 100 });
  assert.equal(await nextName(), 'first');
  first.close();
  assert.deepEqual([viewers.stats().subscriptions, viewers.connections], [0, 1]);
  const second = monitor(viewers, { second: new Base() }, { interval: 100 });
  t.after(() => second.close());
  while ((await nextName()) !== 'second');
});

test('a monitor that cannot measure fails once, and leaves no timer', limit, async (t) => {
  const child = run(t, 'monitor-without-figures.js');
  await child.exited;
  assert.deepEqual(child.lines, [['failed', 'not measured here'], ['over']]);
});

test('a process that is watched ends by itself', limit, async (t) => {
  const child = run(t, 'monitored.js');
  assert.deepEqual(await child.says(), ['sample', 1]);
  assert.deepEqual(await child.exited, { code: 0, signal: null });
});

test('what is no Server, no Base, or no interval is refused', () => {
  const base = new Base();
  for (const [args, expected] of [
    [[{}, { base }], { name: 'TypeError', message: /"viewers" argument/ }],
    [[new Server(), { one: {} }], { name: 'TypeError', message: /The Base "one"/ }],
    [[new Server(), { ws: new WebSocketServer({ noServer: true }) }], { name: 'TypeError', message: /The Base "ws"/ }],
    [[new Server(), { one: base, two: base }], { name: 'TypeError', message: /The Base "two" .* than "one"/ }],
    [[new Server(), null], { name: 'TypeError', message: /"bases" argument/ }],
    [[new Server(), { base }, { interval: 99 }], { name: 'RangeError', message: /"interval" option/ }],
  ]) {
    assert.throws(() => monitor(...args), expected);
  }
});
