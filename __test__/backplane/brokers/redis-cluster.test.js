'use strict';

const { before } = require('node:test');
const IoRedis = require('ioredis');
const { createCluster } = require('redis');
const { redis } = require('websockets/redis');
const { testBackplane } = require('websockets/backplane-test');
const { useBroker } = require('./broker');

const nodes = [useBroker('redis-cluster'), useBroker('redis-cluster')];
const SLOTS = [
  ['0', '8191'],
  ['8192', '16383'],
];

/** Makes one cluster of the two, each with half of the slots. */
before(async () => {
  await Promise.all(nodes.map(({ started }) => started));
  const clients = nodes.map(({ port }) => new IoRedis(port, '127.0.0.1'));
  for (const [i, client] of clients.entries()) await client.cluster('ADDSLOTSRANGE', ...SLOTS[i]);
  await clients[0].call('CLUSTER', 'MEET', '127.0.0.1', `${nodes[1].port}`, `${nodes[1].busPort}`);
  // A node may find itself in order and, as it hears of the other, not any more.
  for (let passes = 0; passes < 5; ) {
    const infos = await Promise.all(clients.map((client) => client.cluster('INFO')));
    const isWhole = infos.every((info) => /cluster_state:ok.*cluster_known_nodes:2.*cluster_size:2/s.test(info));
    passes = isWhole ? passes + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const client of clients) client.disconnect();
});

/** Both nodes are gone. */
async function outage() {
  await Promise.all(nodes.map((node) => node.kill()));
  return () => Promise.all(nodes.map((node) => node.start()));
}

testBackplane('a Redis cluster by ioredis', {
  create: () =>
    redis(
      new IoRedis.Cluster(
        nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
        { lazyConnect: true },
      ),
    ),
  outage,
});

testBackplane('a Redis cluster by redis', {
  create: () => redis(createCluster({ rootNodes: nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` })) })),
  outage,
});
