'use strict';

// Peers of a door that say nothing, by TCP or once their TLS handshake is done: they hold up nobody, and what they say later is
// answered.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Duplex } = require('node:stream');
const { test } = require('node:test');
const tls = require('node:tls');
const { createSecureServer } = require('../..');
const { countOf, counted, hasDoors } = require('../support/attached');
const {
  CREATES,
  attachedSecurely,
  comes,
  dialed,
  emitted,
  nameOf,
  says,
  secured,
  silent,
  turns,
  wired,
} = require('../support/front-secure');
const { requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const only = { ...limit, skip: !hasDoors };
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** More than may wait at a door. */
const MANY = 1_100;

/** As many clients, of whom no more come at once than wait in the system’s queue. @param {import('node:test').TestContext} t @param {number} port */
async function many(t, port) {
  const clients = [];
  while (clients.length < MANY) {
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => silent(t, port)))));
  }
  return clients;
}

/** What a client says first. @returns {Promise<Buffer>} */
function hello() {
  return new Promise((resolve) => {
    const socket = new Duplex({ read() {}, write: (chunk) => resolve(chunk) });
    tls.connect({ socket }).on('error', () => {});
  });
}

/** TLS over a connection that is there. @param {import('node:test').TestContext} t @param {Duplex} socket @param {tls.ConnectionOptions} [options] */
function over(t, socket, options) {
  const client = tls.connect({ socket, rejectUnauthorized: false, ...options });
  client.text = '';
  client.on('data', (chunk) => (client.text += chunk.toString('latin1')));
  client.on('error', () => {});
  t.after(() => client.destroy());
  return client;
}

for (const create of CREATES) {
  for (const [kind, text, pattern] of [
    ['a plain request', GET, /200 OK[\s\S]*plain$/],
    ['a WebSocket', requestText(), /101 Switching/],
  ]) {
    test(
      `${nameOf(create)}: one that says nothing by TCP for long is Node.js’s, and has ${kind} later`,
      limit,
      async (t) => {
        const { httpServer, port } = await attachedSecurely(t, { create });
        const events = emitted(httpServer);
        const began = performance.now();
        const client = await silent(t, port);
        // It counts once it is Node.js’s.
        await counted(httpServer, 1);
        const took = performance.now() - began;
        assert.ok(create !== createSecureServer || !hasDoors || took > 900, `${took} ms`);
        assert.deepEqual(events, ['connection']);
        const asking = over(t, client);
        asking.write(text);
        await comes(asking, pattern);
        assert.ok(events.includes('secureConnection'));
      },
    );

    test(
      `${nameOf(create)}: one that says nothing once it is secured is Node.js’s, and has ${kind} later`,
      limit,
      async (t) => {
        const { httpServer, port } = await attachedSecurely(t, { create });
        const events = emitted(httpServer);
        const client = dialed(t, port);
        await once(client, 'secureConnect');
        await counted(httpServer, 1);
        while (events.length < 2) await turns(1);
        assert.deepEqual(events, ['connection', 'secureConnection']);
        client.write(text);
        await comes(client, pattern);
      },
    );
  }

  test(`${nameOf(create)}: one that stops amid the handshake for long goes on`, limit, async (t) => {
    const { httpServer, port } = await attachedSecurely(t, { create });
    const clients = ['TLSv1.2', 'TLSv1.3'].map(async (maxVersion) => {
      const client = wired(t, port, { maxVersion });
      // Once the server has answered, what the client says next waits.
      client.wire.tcp.prependOnceListener('data', () => client.wire.hold());
      client.write(GET);
      await once(client.wire.tcp, 'data');
      return client;
    });
    await counted(httpServer, clients.length);
    for (const client of await Promise.all(clients)) {
      assert.ok(client.wire.held > 0);
      client.wire.release();
      await comes(client, /200 OK[\s\S]*plain$/);
    }
  });

  for (const [kind, text, pattern] of [
    ['a plain request', GET, /200 OK[\s\S]*plain$/],
    ['a WebSocket', requestText(), /101 Switching/],
  ]) {
    test(`${nameOf(create)}: one that stops amid a record for long goes on, and has ${kind}`, limit, async (t) => {
      const { httpServer, port } = await attachedSecurely(t, { create });
      const clients = [3, 5, 30].map(async (cut) => {
        const client = wired(t, port);
        await secured(client);
        client.wire.hold();
        await says(client, text);
        client.wire.release(cut);
        return client;
      });
      // They count once they are Node.js’s.
      await counted(httpServer, clients.length);
      for (const client of await Promise.all(clients)) {
        client.wire.release();
        await comes(client, pattern);
      }
    });

    test(
      `${nameOf(create)}: one that stops amid its ClientHello for long goes on, and has ${kind}`,
      limit,
      async (t) => {
        const { httpServer, port } = await attachedSecurely(t, { create });
        const clients = [1, 5, 40].map(async (cut) => {
          const client = wired(t, port);
          client.wire.hold();
          client.write(text);
          while (client.wire.held === 0) await turns(1);
          client.wire.release(cut);
          return client;
        });
        await counted(httpServer, clients.length);
        for (const client of await Promise.all(clients)) {
          client.wire.release();
          await comes(client, pattern);
        }
      },
    );
  }

  test(`${nameOf(create)}: ${MANY} who say nothing hold up nobody`, limit, async (t) => {
    const { httpServer, url, port } = await attachedSecurely(t, { create });
    const clients = await many(t, port);
    const client = new Client(url, { rejectUnauthorized: false });
    await client.opened;
    client.destroy();
    await counted(httpServer, MANY);
    const [first] = clients;
    const asking = over(t, first);
    asking.write(GET);
    await comes(asking, /200 OK/);
    for (const one of clients) one.destroy();
    await counted(httpServer, 0);
  });

  test(`${nameOf(create)}: ${MANY} who stop amid the handshake hold up nobody`, limit, async (t) => {
    const { httpServer, url, port } = await attachedSecurely(t, { create });
    let failures = 0;
    httpServer.on('tlsClientError', () => failures++);
    const bytes = await hello();
    const clients = await many(t, port);
    await Promise.all(clients.map((client) => says(client.resume(), bytes)));
    const client = new Client(url, { rejectUnauthorized: false });
    await client.opened;
    client.destroy();
    await counted(httpServer, MANY);
    assert.equal(failures, 0);
    for (const one of clients) one.destroy();
    while (failures < MANY) await once(httpServer, 'tlsClientError');
    await counted(httpServer, 0);
    assert.equal(failures, MANY);
  });
}

for (const leave of ['end', 'destroy', 'reset']) {
  test(
    `one who is secured, says nothing, and goes by ${leave}: the server hears of it as by Node.js`,
    limit,
    async (t) => {
      const all = [];
      for (const create of CREATES) {
        const { httpServer, port } = await attachedSecurely(t, { create });
        const events = emitted(httpServer);
        const client = dialed(t, port);
        await secured(client);
        if (leave === 'reset') client.tcp.resetAndDestroy();
        else client[leave]();
        while (!events.includes('secureConnection')) await turns(1);
        await counted(httpServer, 0);
        await turns(20);
        all.push([...events]);
      }
      assert.deepEqual(all[1], all[0]);
    },
  );
}

test('many WebSockets at once, of which each waits for its turn', only, async (t) => {
  const { server, httpServer, url } = await attachedSecurely(t);
  server.on('message', (text, sid) => server.send(sid, text));
  const clients = Array.from({ length: 150 }, () => new Client(url, { rejectUnauthorized: false }));
  await Promise.all(
    clients.map(async (client, index) => {
      await client.opened;
      client.send(`n${index}`);
      assert.equal(await client.message(), `n${index}`);
    }),
  );
  assert.equal(await countOf(httpServer), clients.length);
  for (const client of clients) client.destroy();
  await counted(httpServer, 0);
});
