'use strict';

// Processes and workers whose server of TLS is accepted for by a door: how they end, and who carries the connections.

const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { hasDoors } = require('../support/attached');
const { closed, dialed, secured, silent } = require('../support/front-secure');
const { requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const only = { ...limit, skip: !hasDoors };
const FIXTURE = require.resolve('../support/fixtures/front-secure-server.js');

/** Runs a fixture to its end: its code, and what it has said. */
async function run(t, args, env = {}) {
  const child = fork(FIXTURE, args, { env: { ...process.env, ...env }, silent: true });
  t.after(() => child.kill());
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, said };
}

for (const how of ['unref', 'exit', 'close', 'many', 'leak', 'destroyed']) {
  test(`a process ends, by ${how}, whoever was there`, only, async (t) => {
    const { code, said } = await run(t, [how]);
    assert.equal(code, 0, said);
  });
}

test('close() of a server that was let go of calls back', only, async (t) => {
  const { code, said } = await run(t, ['called']);
  assert.deepEqual([code, said], [0, 'called']);
});

test('what an app sends as it exits, once a WebSocket is open, leaves', only, async (t) => {
  const child = fork(FIXTURE, ['bye'], { silent: true });
  t.after(() => child.kill());
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  const client = new Client(`wss://127.0.0.1:${Number(port)}/`, { rejectUnauthorized: false });
  assert.equal(await client.message(), 'bye');
  assert.equal((await client.closed()).code, 1001);
});

test('connections that come by a door are those of all shards', only, async (t) => {
  for (const how of ['spread', 'many']) {
    const { code, said } = await run(t, [how], { WEBSOCKETS_IO_THREADS: '3' });
    assert.deepEqual([how, code], [how, 0], said);
  }
});

test('a process without descriptors accepts once it has some', only, async (t) => {
  const { code, said } = await run(t, ['descriptors']);
  assert.equal(code, 0, said);
});

test('a worker ends whatever comes by its door', only, async (t) => {
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(FIXTURE, { argv: ['worker'] });
    const [port] = await once(worker, 'message');
    const clients = [];
    for (let index = 0; index < 10; index++) {
      const amid = await silent(t, port);
      amid.write(Buffer.of(22, 3, 1, 0, 200));
      const [idle, open] = [dialed(t, port), dialed(t, port)];
      open.write(requestText());
      await Promise.all([secured(idle), once(open, 'data')]);
      clients.push(await silent(t, port), amid, idle, open);
    }
    const over = Promise.all(clients.map(closed));
    await worker.terminate();
    await over;
    await assert.rejects(once(net.connect({ port, host: '127.0.0.1' }), 'connect'), { code: 'ECONNREFUSED' });
  }
});
