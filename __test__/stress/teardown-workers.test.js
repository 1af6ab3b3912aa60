'use strict';

// Workers end while others go on, on the same I/O threads; and the addon goes with the last of them.
// Runs on both transports, whatever WEBSOCKETS_TEST_TRANSPORT says.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { run } = require('../support/child');
const { SequenceClient } = require('../support/sequence-client');

const TRANSPORTS = ['socket', 'stream'];
const limit = { timeout: 240_000 };
const MIB = 1024 * 1024;

/** Resolves once each of these has heard so many messages more. */
const goOn = (clients, more) => Promise.all(clients.map((client) => client.goOn(more)));

/** Clients of the servers that a child has, by the server's number. */
async function clientsOf(t, child, servers, each) {
  const clients = [];
  while (clients.filter(Boolean).length < servers) {
    const [name, port, index] = await child.says();
    if (name === 'port') clients[index] = Array.from({ length: each }, () => new SequenceClient(port));
  }
  t.after(() => clients.flat().forEach(({ socket }) => socket.destroy()));
  return clients;
}

test('of 8 workers some end under load: the others lose nothing, and get nothing twice', limit, async (t) => {
  const settings = Array.from({ length: 8 }, (_, i) => ({ transport: TRANSPORTS[i % 2] }));
  const child = run(t, 'busy-workers.js', [settings]);
  const clients = await clientsOf(t, child, 8, 2);
  const ends = [
    'terminate()',
    'terminate()',
    'process.exit() in a listener',
    'a throw in a listener',
    'unref() of all connections',
    'the last connection',
  ];
  await goOn(clients.flat(), 100);
  for (const [index, how] of ends.entries()) {
    child.tell(`${index}: ${how}`);
    await Promise.all(clients[index].map(({ ended }) => ended));
    await goOn(clients.slice(index + 1).flat(), 100);
  }
  await Promise.all(
    clients
      .slice(ends.length)
      .flat()
      .map((client) => client.stop()),
  );
  for (let index = ends.length; index < 8; index++) child.tell(`${index}: the last connection`);
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
  const codes = child.lines
    .filter(([name]) => name === 'ended')
    .sort((a, b) => a[3] - b[3])
    .map(([, code]) => code);
  assert.deepEqual(codes, [1, 1, 3, 1, 0, 0, 0, 0]);
  assert.equal(child.stderr, '');
});

for (const transport of TRANSPORTS) {
  const rounds = transport === 'socket' ? 200 : 50;
  test(
    `${rounds} workers, the only ones with the addon, end under load, by the ${transport} transport`,
    limit,
    async (t) => {
      // glibc gives each thread an arena, and what is free in one serves no other: with one for all, what grows is a leak.
      const child = run(t, 'ending-workers.js', [rounds, { transport }], { env: { MALLOC_ARENA_MAX: '1' } });
      assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
      assert.equal(child.lines.length, rounds);
      // What the first ones left behind is used again by those that follow.
      const descriptors = child.lines.map(([, , count]) => count);
      assert.ok(
        descriptors[rounds - 1] <= descriptors[9] + 8,
        `${descriptors[9]} → ${descriptors[rounds - 1]} descriptors`,
      );
      const rss = child.lines.map(([, , , bytes]) => Math.round(bytes / MIB));
      // Garbage comes and goes; what is never given back is in the least of ten as well.
      const [early, half, all] = [10, rounds / 2, rounds].map((end) => Math.min(...rss.slice(end - 10, end)));
      t.diagnostic(`MiB, least of 10 rounds at the beginning, half and all: ${early}, ${half}, ${all}`);
      assert.ok(all <= half + 48, `${half} → ${all} MiB`);
    },
  );

  test(`copies of the package in one process share nothing, by the ${transport} transport`, limit, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-copies-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const copies = ['one', 'two'].map((name) => copyTo(path.join(folder, name)));
    const child = run(t, 'copies.js', [...copies, transport]);
    assert.deepEqual(await child.says(), ['apart', 3]);
    const clients = await clientsOf(t, child, 4, 2);
    await goOn(clients.flat(), 200);
    child.tell('end the worker');
    await Promise.all(clients[3].map(({ ended }) => ended));
    const others = clients.slice(0, 3).flat();
    await goOn(others, 200);
    await Promise.all(others.map((client) => client.stop()));
    child.tell('finish');
    assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
    assert.equal(child.stderr, '');
  });
}

/** Copies what an app would have installed. */
function copyTo(folder) {
  const root = path.join(__dirname, '../..');
  const names = fs.readdirSync(root).filter((name) => name.endsWith('.node'));
  for (const name of ['package.json', 'index.js', 'lib', ...names]) {
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  return folder;
}
