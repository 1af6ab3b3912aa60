'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const test = require('node:test');
const { WebSocket } = require('ws');
const { read, take, unquoted } = require('./blocks');
const { OPTIONS, checkRooms, clients, run, talk } = require('./run');

test('the upgrade by hand is the echo example', () => {
  assert.deepEqual(take('recipes', 'Upgrade by hand, and hand the socket over'), [
    read('examples', 'echo', 'server.js'),
  ]);
});

for (const [name, say, expected] of [
  ['Send to one, to several, to all', undefined, ['welcome', 'we are 1']],
  ['Hold back for a slow peer', undefined, Array(1600).fill(64 * 1024)],
  ['Hold a fast peer back', 'hi', ['done: hi']],
  ['Take messages one by one', 'hi', ['done: hi']],
  ['Behind a proxy: who is it?', undefined, ['you come from 127.0.0.1']],
]) {
  test(`recipe: ${name}`, OPTIONS, async (t) => {
    const [block] = take('recipes', name);
    const { url } = await run(t, block);
    assert.deepEqual((await talk(t, url, say, expected.length)).heard, expected);
  });
}

test('recipe: notice peers that vanish', OPTIONS, async (t) => {
  const { url } = await run(t, take('recipes', 'Notice peers that vanish')[0]);
  const [client] = await clients(t, [url]);
  client.close();
  await once(client, 'close');
});

test('recipe: shut down gracefully', OPTIONS, async (t) => {
  const { child, closed, url } = await run(t, take('recipes', 'Shut down gracefully')[0]);
  const [client] = await clients(t, [url]);
  // A Windows process has no SIGTERM to listen for.
  if (process.platform === 'win32') return;
  child.kill('SIGTERM');
  assert.equal((await once(client, 'close'))[0], 1001);
  assert.deepEqual(await closed, [0, null]);
});

test('recipe: a proxy is believed as far as it is ours', OPTIONS, async (t) => {
  const { url } = await run(t, take('recipes', 'Behind a proxy: who is it?')[0]);
  for (const [forwarded, expected] of [
    ['203.0.113.9', '203.0.113.9'],
    ['198.51.100.1, 203.0.113.9, ::1', '203.0.113.9'],
  ]) {
    const client = new WebSocket(url, { headers: { 'X-Forwarded-For': forwarded } });
    t.after(() => client.terminate());
    assert.equal(String((await once(client, 'message'))[0]), `you come from ${expected}`);
  }
});

test('recipe: metrics for Prometheus', OPTIONS, async (t) => {
  const { port } = await run(t, take('recipes', 'Metrics for Prometheus')[0], {
    before: `const { Server } = require('websockets');
      const server = new Server();`,
    files: { 'prometheus.js': read('examples', 'metrics', 'prometheus.js') },
  });
  assert.match(await (await fetch(`http://localhost:${port}`)).text(), /^websockets_connections\{.*chat.*\} 0$/m);
});

const ROOMS = take('rooms', 'Rooms')[0];

test('rooms: what is said in one is heard there, by the others', OPTIONS, async (t) => {
  const { url } = await run(t, ROOMS);
  await checkRooms(t, `${url}/rooms`);
});

test('rooms: names that clients choose', OPTIONS, async (t) => {
  const { url } = await run(t, take('rooms', 'Names')[0], {
    before: `const { Server } = require('websockets');
      const server = new Server();
      server.listen(3000);`,
    after: "server.on('message', (text, sid) => server.send(sid, server.sockets[sid].topics.join()));",
  });
  const [client] = await clients(t, [url]);
  for (const [say, expected] of [
    ['{"join":"red"}', 'news/red'],
    ['{"join":"not a name"}', 'news/red'],
    ['no JSON', 'news/red'],
    ['{"join":"blue","leave":"red"}', 'news/blue'],
  ]) {
    client.send(say);
    assert.equal(String((await once(client, 'message'))[0]), expected, say);
  }
});

test('rooms: who is there', OPTIONS, async (t) => {
  const { url } = await run(t, take('rooms', 'Who is there')[0], { before: ROOMS });
  const [ada, grace] = await clients(t, [`${url}/rooms/red`, `${url}/rooms/red`]);
  ada.close();
  assert.equal(String((await once(grace, 'message'))[0]), 'somebody has left');
});

test('a test file of an app', OPTIONS, async (t) => {
  const [block] = take('testing', 'Tests with Jest, Vitest and node:test');
  const { closed } = await run(t, block, {
    // The names that Jest and Vitest give to these.
    before: `const { before: beforeAll, after: afterAll, test } = require('node:test');
      const expect = (value) => ({ toBe: (expected) => require('node:assert').equal(value, expected) });`,
    until: /pass 1/,
  });
  assert.deepEqual(await closed, [0, null]);
});

test('migrating quotes no line that the examples do not have', () => {
  const files = ['ws-before.js', 'ws-after.js', 'module-of-2013.js'].map((file) => `migrating/${file}`);
  const headings = ['The server', 'A connection', 'Messages', 'To all', 'The heartbeat', 'The end'];
  for (const heading of [...headings, 'From the module of 2013'])
    for (const block of take('migrating', heading)) assert.deepEqual(unquoted(block, ...files), [], heading);
});
