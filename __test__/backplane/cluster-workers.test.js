'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const cluster = require('websockets/cluster');
const { run } = require('../support/child');
const { limit } = require('../support/server');
const { Told } = require('../support/told');

/** Ends a process that may have ended. @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has.
  }
}

/** Numbers what is published to hear each other: what was heard before tells nothing of now. */
let asked = 0;

/** Each of two workers publishes, again until both have heard it: at first the other's subscription is under way. */
async function hearEachOther(primary, ids) {
  for (const [from, to] of [ids, [...ids].reverse()]) {
    const [heard, said] = [new Set(), new Set()];
    while (!(heard.has(from) && heard.has(to))) {
      const own = `${from}, ${asked++}`;
      said.add(own);
      primary.tell('publish', from, own);
      let text;
      do {
        let id;
        [text, id] = await primary.says('heard');
        if (said.has(text)) heard.add(id);
      } while (text !== own);
    }
  }
}

for (const order of ['before', 'after']) {
  test(`workers hear each other, if the primary begins ${order} they are forked`, limit, async (t) => {
    const primary = new Told(run(t, 'cluster-servers.js', [order]));
    await Promise.all([primary.says('ready'), primary.says('ready')]);
    await hearEachOther(primary, [1, 2]);
    primary.tell('signal', 2, 'SIGKILL');
    assert.deepEqual(await primary.says('exit'), [2]);
    primary.tell('fork');
    await primary.says('ready');
    await hearEachOther(primary, [1, 3]);
  });
}

test('a worker that stands still misses what does not fit into 16 MiB, and counts it; others do not notice', {
  ...limit,
  skip: process.platform === 'win32' && 'no signal stops a process there',
}, async (t) => {
  const primary = new Told(run(t, 'cluster-servers.js', ['before']));
  await Promise.all([primary.says('ready'), primary.says('ready')]);
  await hearEachOther(primary, [1, 2]);
  // One that stands still would outlive a test that fails.
  const [pid] = await primary.ask('pid', 2);
  t.after(() => kill(pid));
  primary.tell('signal', 2, 'SIGSTOP');
  const large = 'x'.repeat(1024 * 1024);
  const [before] = await primary.ask('rss');
  for (let i = 0; i < 120; i += 1) {
    primary.tell('publish', 1, `large ${i} ${large}`);
    let text;
    do [text] = await primary.says('heard');
    while (!text.startsWith(`large ${i} `));
  }
  const [after] = await primary.ask('rss');
  // Of its own queue, and of what its garbage collector has not looked at: 60 to 100.
  assert.ok(after - before < 150 * 2 ** 20, `the primary took ${(after - before) / 2 ** 20} MiB more`);
  primary.tell('signal', 2, 'SIGCONT');
  await hearEachOther(primary, [1, 2]);
  primary.tell('ask', 2);
  const [{ backplaneLost, backplaneDuplicates }] = await primary.says('stats');
  // Of the 120, and of what the two asked each other before it had caught up.
  assert.ok(backplaneLost >= 90, `${backplaneLost} were lost`);
  assert.equal(backplaneDuplicates, 0);
});

test("an app's own messages harm nobody, whatever they look like", limit, async (t) => {
  const primary = new Told(run(t, 'cluster-servers.js', ['before']));
  await Promise.all([primary.says('ready'), primary.says('ready')]);
  for (const id of [1, 2]) primary.tell('strange', id);
  await hearEachOther(primary, [1, 2]);
});

test('a worker that has left its primary is down, with the reason', limit, async (t) => {
  const worker = new Told(run(t, 'cluster-alone.js'));
  assert.deepEqual(await worker.says('backplane'), ['down', 'there is no connection to the primary']);
});

test('outside of a cluster it says what to call', () => {
  assert.throws(() => cluster(), { code: 'ERR_WS_NO_WORKER', message: /cluster\.primary\(\)/ });
  cluster.primary();
  cluster.primary();
  assert.equal(cluster.cluster, cluster);
  assert.throws(() => new Base({ backplane: cluster }), { code: 'ERR_INVALID_ARG_TYPE' });
});
