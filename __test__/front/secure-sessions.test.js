'use strict';

// Sessions of TLS that go on from one connection to the next, where both come by a door.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { createSecureServer } = require('../..');
const { hasDoors } = require('../support/attached');
const { CREATES, attachedSecurely, comes, dialed, nameOf } = require('../support/front-secure');
const { TEXT, encode } = require('../support/frames');
const { requestText } = require('../support/raw-http');
const { limit } = require('../support/server');

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Whether a request has no socket. @param {import('node:http').IncomingMessage} req */
const isAlone = (req) => Object.getOwnPropertyDescriptor(req, 'socket').get !== undefined;

for (const create of CREATES) {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const only = { minVersion: version, maxVersion: version };
    /** @param {string} title @param {(ask: Function, found: Awaited<ReturnType<typeof attachedSecurely>>, t: import('node:test').TestContext) => Promise<void>} body */
    const both = (title, body) =>
      test(`${nameOf(create)}, ${version}: ${title}`, limit, async (t) => {
        const found = await attachedSecurely(t, { create });
        const { server } = found;
        server.on('message', (text, sid) => server.send(sid, text));
        const waiting = new Map();
        server.on('open', (_sid, req) => waiting.get(req.url)(req));
        /** Opens a WebSocket, and has a message come back. */
        const ask = async (session, { port } = found) => {
          const client = dialed(t, port, { ...only, session });
          const tickets = [];
          client.on('session', (ticket) => tickets.push(ticket));
          const path = `/${waiting.size}`;
          const opened = new Promise((resolve) => waiting.set(path, resolve));
          client.write(requestText({ line: `GET ${path} HTTP/1.1` }));
          await comes(client, /101 Switching/);
          client.write(encode({ opcode: TEXT, payload: 'echo' }));
          await comes(client, /echo$/);
          const req = await opened;
          assert.equal(isAlone(req), create === createSecureServer && hasDoors);
          const facts = [client.isSessionReused(), req.socket.isSessionReused()];
          client.destroy();
          return { facts, tickets };
        };
        await body(ask, found, t);
      });

    both('a session of a WebSocket goes on with the next, again and again', async (ask) => {
      const first = await ask();
      assert.deepEqual(first.facts, [false, false]);
      // As many as by Node.js at least, which a client needs that opens several.
      assert.ok(first.tickets.length >= 1);
      let session = first.tickets.at(-1);
      for (let round = 0; round < 3; round++) {
        const next = await ask(session);
        assert.deepEqual(next.facts, [true, true]);
        session = next.tickets.at(-1) ?? session;
      }
    });

    both('a session of a plain request goes on with a WebSocket, and the other way round', async (ask, { port }, t) => {
      const get = async (session) => {
        const client = dialed(t, port, { ...only, session });
        let ticket;
        client.on('session', (given) => (ticket = given));
        client.write(GET);
        await comes(client, /plain$/);
        return { isReused: client.isSessionReused(), ticket };
      };
      const { ticket } = await get();
      const next = await ask(ticket);
      assert.deepEqual(next.facts, [true, true]);
      assert.equal((await get(next.tickets.at(-1) ?? ticket)).isReused, true);
    });

    both('a session of another server does not go on', async (ask, _found, t) => {
      const other = await attachedSecurely(t, { create });
      const client = dialed(t, other.port, only);
      let ticket;
      client.on('session', (given) => (ticket = given));
      client.write(GET);
      await comes(client, /plain$/);
      assert.ok(ticket);
      assert.deepEqual((await ask(ticket)).facts, [false, false]);
    });

    both(
      'a session that was made with other keys does not go on, and costs nobody anything',
      async (ask, { httpServer }) => {
        const { tickets } = await ask();
        httpServer.setTicketKeys(Buffer.alloc(48, 7));
        const next = await ask(tickets[0]);
        assert.deepEqual(next.facts, [false, false]);
        assert.deepEqual((await ask(next.tickets.at(-1))).facts, [true, true]);
      },
    );

    both('the last part of the handshake, the tickets and the response come to a client that resumes', async (ask) => {
      const { tickets } = await ask();
      const all = await Promise.all(Array.from({ length: 20 }, () => ask(tickets[0])));
      for (const { facts } of all) assert.deepEqual(facts, [true, true]);
      // Node.js may not send one to a client that has one.
      if (version === 'TLSv1.3' && create === createSecureServer) {
        assert.ok(all.every((one) => one.tickets.length > 0));
      }
    });
  }
}
