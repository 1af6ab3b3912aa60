'use strict';

// Who reads and writes for a JavaScript thread that is idle, busy or blocked.

const assert = require('node:assert/strict');
const fs = require('node:fs/promises');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { test } = require('node:test');
const { setImmediate, setTimeout } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { Base, setLeader } = require('../..');
const { run } = require('../support/child');
const { RawClient } = require('../support/raw-client');
const { SequenceClient } = require('../support/sequence-client');
const { DRIVEN_BY, limit, served } = require('../support/server');

const { bun, deno } = process.versions;
const CANNOT_LEAD = process.platform !== 'linux' || (bun ?? deno) !== undefined || DRIVEN_BY !== 'socket';
const asked = process.env.WEBSOCKETS_LEADER || 'auto';
const can = { ...limit, skip: CANNOT_LEAD && 'the event loop of Node.js on Linux alone can lead' };
const auto = { ...can, skip: can.skip || (asked !== 'auto' && 'it is about what the module chooses') };

/** A test with a server that echoes. */
const echoing = (run, options = {}) =>
  served(options, (server, t) => {
    const { base } = server;
    base.on('message', (text, sid) => base.send(sid, text));
    return run(server, t);
  });

/** An echo. */
async function echo(client, text = 'there?') {
  await client.text(text);
  assert.equal(await client.said(), text);
}

/** Echoes, with time in between in which the thread is idle, until `is` says so. */
async function echoUntil(client, is) {
  while (!is()) {
    await setTimeout(20);
    await echo(client);
  }
}

/** Of a server whose other peer speaks no TLS. */
const PLAIN = { transport: 'socket' };

/** What an HTTP request is answered. */
async function got({ at, url }) {
  const { get } = url.startsWith('wss') ? https : http;
  const [response] = await once(get({ ...at, agent: false }), 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

const leads = () => new Base().stats().ioThreadsLed;

test(
  'a thread that is idle leads, until it is told not to, and again',
  auto,
  echoing(async ({ base, raw }) => {
    const client = await raw();
    // What carries a socket before its WebSocket may have it lead already.
    const expected = leads() > 0 ? 2 : 3;
    const before = base.stats().leaderChanges;
    await echoUntil(client, () => leads() > 0);
    setLeader('thread');
    assert.equal(leads(), 0);
    for (let count = 0; count < 100; count++) await echo(client, `${count}`);
    assert.equal(leads(), 0);
    setLeader('auto');
    await echoUntil(client, () => leads() > 0);
    assert.ok(base.stats().leaderChanges >= before + expected);
  }),
);

for (const [when, silence] of [
  ['at once', 0],
  ['after a silence', 100],
]) {
  test(
    `a thread that is blocked leads no longer once a peer says something ${when}, and that has its pong`,
    auto,
    echoing(async ({ raw, http }, t) => {
      const awake = new Int32Array(new SharedArrayBuffer(4));
      const { port } = http.address();
      const script = path.join(__dirname, '../support/fixtures/ping-from-worker.js');
      const worker = new Worker(script, { workerData: { port, awake, silence } });
      t.after(() => worker.terminate());
      await once(worker, 'message');
      const client = await raw();
      await echoUntil(client, () => leads() > 0);
      const led = leads();
      worker.postMessage('ping');
      assert.equal(Atomics.wait(awake, 0, 0, 30_000), 'ok', 'it was woken by the pong');
      assert.equal(awake[0], 1);
      // Those of other I/O threads have heard of nothing.
      assert.ok(leads() < led);
      await once(worker, 'exit');
      await echoUntil(client, () => leads() > 0);
    }, PLAIN),
  );
}

test(
  'nobody leads a shard with connections of two threads',
  { ...auto, skip: auto.skip || (new Base().stats().ioThreads > 1 && 'there are several') },
  echoing(async ({ raw, base, events }, t) => {
    const client = await raw();
    await echoUntil(client, () => leads() > 0);
    const { ioThreads } = base.stats();
    // One for each I/O thread, or the worker's would go to another.
    const child = new Worker(path.join(__dirname, '../support/fixtures/connections-of-worker.js'), {
      workerData: { count: ioThreads },
    });
    t.after(() => child.terminate());
    await once(child, 'message');
    assert.equal(leads(), 0);
    await echo(client);
    assert.equal(leads(), 0);
    child.postMessage('end');
    await once(child, 'exit');
    assert.equal(events.list('close').length, 0);
    await echoUntil(client, () => leads() > 0);
  }),
);

/** For processes in which the JavaScript thread leads wherever it can, or whoever does changes at every opportunity. */
const FORCED = ['javascript', 'changing'];

/** How often the I/O threads of a process have been woken. */
async function wakes(pid) {
  const tasks = await fs.readdir(`/proc/${pid}/task`);
  const all = tasks.map(async (task) => {
    const status = await fs.readFile(`/proc/${pid}/task/${task}/status`, 'utf8').catch(() => ''); // it has ended
    return /^Name:\s+websockets-/.test(status) ? Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)[1]) : 0;
  });
  return (await Promise.all(all)).reduce((sum, one) => sum + one, 0);
}

test('what a thread that leads is brought wakes nobody else', can, async (t) => {
  const child = run(t, 'led-echo.js', [], { env: { WEBSOCKETS_LEADER: 'javascript' } });
  const [, port] = await child.says();
  const client = new RawClient({ port, host: '127.0.0.1' }, { upgrade: false });
  t.after(() => client.destroy());
  const changes = async () => {
    child.tell('changes');
    return (await child.says())[1];
  };
  await echo(client);
  // On a busy machine the I/O thread may lead for a while, and is woken then.
  for (let tries = 10; tries > 0; tries--) {
    const [led, woken, began] = [await changes(), await wakes(child.process.pid), performance.now()];
    for (let count = 0; count < 1000; count++) await echo(client, `${count}`);
    // It looks every few milliseconds.
    const time = performance.now() - began;
    const more = (await wakes(child.process.pid)) - woken;
    if ((await changes()) !== led || time > 1000) continue;
    assert.ok(more < 250 + time / 4, `woken ${more} times`);
    return;
  }
  assert.fail('the machine is too busy');
});

for (const leader of FORCED) {
  const env = { WEBSOCKETS_LEADER: leader };

  test(`${leader}: workers end under load, in each way twice`, can, async (t) => {
    const child = run(t, 'ending-workers.js', [8, { transport: 'socket' }], { env });
    assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
    assert.equal(child.lines.length, 8);
  });

  for (const [end, code] of [
    ['process.exit() in a listener', 3],
    ['process.exit() in a timer', 3],
    ['unref() of all connections', 0],
    ['the last connection', 0],
  ]) {
    test(`${leader}: nothing is lost and nothing comes twice, until ${end} ends the process`, can, async (t) => {
      const child = run(t, 'busy-server.js', [{ transport: 'socket' }], { env });
      const [, port] = await child.says();
      const clients = [new SequenceClient(port), new SequenceClient(port)];
      await Promise.all(clients.map((client) => client.goOn(500)));
      child.tell(end);
      await Promise.all(clients.map(({ ended }) => ended));
      assert.deepEqual(await child.exited, { code, signal: null }, child.stderr);
    });
  }
}

// What can go on only if others on the event loop have their turn; no peer is ever done with what it sends.
test(
  'beside peers that never cease to send, HTTP requests are answered, files are read and timers fire',
  can,
  served({}, async (server, t) => {
    const { at, base } = server;
    base.on('message', (text, sid) => base.send(sid, text));
    server.http.on('request', (_request, response) => response.end('here'));
    const floods = [1, 2].map(() => run(t, 'flood-client.js', [at, 1e9, 100]));
    for (const flood of floods) await flood.says();
    for (let count = 0; count < 20; count++) {
      assert.equal(await got(server), 'here');
      assert.equal((await fs.readFile(__filename, 'utf8')).slice(0, 12), "'use strict'");
      await Promise.all([setTimeout(1), setImmediate()]);
    }
    assert.ok(floods.every(({ running }) => running));
  }),
);

test('setLeader takes two names', () => {
  for (const wrong of [undefined, null, 1, {}])
    assert.throws(() => setLeader(wrong), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  for (const wrong of ['', 'javascript', 'Auto'])
    assert.throws(() => setLeader(wrong), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
});
