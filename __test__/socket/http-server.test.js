'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

/** How many connections the server has. */
function count(server) {
  return new Promise((resolve, reject) => {
    server.getConnections((error, connections) => (error ? reject(error) : resolve(connections)));
  });
}

test(
  'the HTTP server counts the connection, and close() waits for it',
  limit,
  served({}, async ({ http: server, raw, events }) => {
    const client = await raw();
    assert.equal(await count(server), 1);
    const order = [];
    const closed = new Promise((resolve) => server.close(resolve)).then(() => order.push('server'));
    await client.text('x');
    await events.next('message'); // served while the server is closing
    order.push('message');
    await client.close(1000);
    await closed;
    assert.deepEqual(order, ['message', 'server']);
    assert.equal(await count(server), 0);
  }),
);

test(
  'a timeout that was set on the socket does not reach the connection',
  limit,
  served(
    {
      base: { closeTimeout: 50 },
      upgrade(request, socket, head, server) {
        socket.setTimeout(20, () => socket.destroy());
        server.accept(request, socket, head);
      },
    },
    async ({ raw, base, events }) => {
      const idle = await raw();
      base.timeout = 200;
      const { sid } = await raw();
      // This one had ten times as long, so the other had its time.
      assert.deepEqual(await events.next('close'), ['timeout', sid, 1001]);
      await idle.text('still here');
      assert.deepEqual(await events.next('message'), ['still here', idle.sid]);
    },
  ),
);

test(
  'neither do those of the server',
  limit,
  served(
    {
      base: { closeTimeout: 50 },
      http: { connectionsCheckingInterval: 10, headersTimeout: 20, requestTimeout: 20, keepAliveTimeout: 20 },
    },
    async ({ http: server, raw, base, events }) => {
      server.timeout = 20;
      const idle = await raw();
      base.timeout = 300;
      const { sid } = await raw();
      assert.deepEqual(await events.next('close'), ['timeout', sid, 1001]);
      await idle.text('still here');
      assert.deepEqual(await events.next('message'), ['still here', idle.sid]);
    },
  ),
);

test(
  'closing idle connections of HTTP ends no WebSocket',
  limit,
  served({}, async ({ http: server, connect, base }) => {
    const client = await connect();
    server.closeIdleConnections();
    base.send('still here');
    assert.equal(await client.message(), 'still here');
  }),
);
