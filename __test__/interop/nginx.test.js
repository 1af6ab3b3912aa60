'use strict';

// The configurations of nginx in the guide, before servers of the guide.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { take } = require('../examples/documents/blocks');
const { clients, run, talk } = require('../examples/documents/run');
const { nginx } = require('./peers/proxies');

const limit = { timeout: 60_000 };
const [location] = take('deployment', 'Behind nginx', 'nginx');
const [balanced] = take('deployment', 'Several machines', 'nginx');

test('nginx: the location of the guide passes the WebSocket on, with the address of the client', limit, async (t) => {
  const { port } = await run(t, take('recipes', 'Behind a proxy: who is it?')[0]);
  const config = `server { listen PORT; ${location.replace('3000', String(port))} }`;
  const headers = { 'X-Forwarded-For': '203.0.113.7' };
  const { heard } = await talk(t, `ws://127.0.0.1:${await nginx(t, config)}/chat`, undefined, 1, { headers });
  assert.deepEqual(heard, ['you come from 203.0.113.7']);
});

test('nginx: the upstream of the guide spreads connections over two servers', limit, async (t) => {
  const [block] = take('getting-started', 'A server');
  const servers = await Promise.all([1, 2].map(() => run(t, block.replaceAll("'localhost'", "'127.0.0.1'"))));
  const lines = location.split('\n').filter((line) => /proxy_(?!pass)/.test(line));
  let config = balanced.replace(/^ *# … .*$/m, lines.join('\n'));
  for (const [nth, { port }] of servers.entries())
    config = config.replace(`10.0.0.1${nth + 1}:3000`, `127.0.0.1:${port}`);
  const [upstream, place] = config.split(/(?=^location)/m);
  const port = await nginx(t, `${upstream} server { listen PORT; ${place} }`);
  const opened = await clients(t, Array(4).fill(`ws://127.0.0.1:${port}/`));
  for (const client of opened) {
    client.close(4000);
    await once(client, 'close');
  }
  for (const server of servers) await server.says(/left 4000/);
});
