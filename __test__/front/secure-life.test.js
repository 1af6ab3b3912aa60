'use strict';

// How a server of TLS that is accepted for by a door ends, and whom it counts: as by `https.createServer`.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Duplex } = require('node:stream');
const net = require('node:net');
const { test } = require('node:test');
const tls = require('node:tls');
const { createSecureServer } = require('../..');
const native = require('../../lib/native/native');
const { countOf, counted, hasDoors } = require('../support/attached');
const {
  CREATES,
  PAIR,
  attachedSecurely,
  closed,
  comes,
  dialed,
  nameOf,
  says,
  secured,
  silent,
} = require('../support/front-secure');
const { requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

/** `close()` closes those that have said nothing, once they are secured. */
const CLOSES_SILENT = Number.parseInt(process.versions.node, 10) >= 26;
const only = { ...limit, skip: !hasDoors };
const trusting = { rejectUnauthorized: false };
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** What a client says first. @returns {Promise<Buffer>} */
function hello() {
  return new Promise((resolve) => {
    const socket = new Duplex({ read() {}, write: (chunk) => resolve(chunk) });
    tls.connect({ socket }).on('error', () => {});
  });
}

/** One amid its handshake: the server has answered it. */
async function handshaking(t, port) {
  const client = await silent(t, port);
  client.write(await hello());
  await once(client, 'data');
  return client;
}

for (const create of CREATES) {
  /** @param {string} title @param {(found: Awaited<ReturnType<typeof attachedSecurely>>, t: import('node:test').TestContext) => Promise<void>} body */
  const both = (title, body) =>
    test(`${nameOf(create)}: ${title}`, limit, async (t) => body(await attachedSecurely(t, { create }), t));

  both('close() waits for those who are there, whatever they say', async ({ server, httpServer, port, url }, t) => {
    const waiting = [await silent(t, port), await handshaking(t, port)];
    const idle = dialed(t, port);
    await secured(idle);
    const opened = new Client(url, trusting);
    await opened.opened;
    const events = [];
    httpServer.close(() => events.push('closed'));
    assert.deepEqual([httpServer.listening, httpServer.address()], [false, null]);
    await assert.rejects(once(net.connect({ port, host: '127.0.0.1' }), 'connect'), { code: 'ECONNREFUSED' });
    // Each of them counts, of whatever sort it is; and one that is open works on. To Node.js 26 one that is secured is idle.
    if (CLOSES_SILENT) await closed(idle);
    await counted(httpServer, CLOSES_SILENT ? 3 : 4);
    server.on('message', (text, sid) => server.send(sid, text));
    opened.send('there');
    assert.equal(await opened.message(), 'there');
    assert.deepEqual(events, []);
    const over = once(httpServer, 'close');
    for (const one of waiting) one.destroy();
    idle.destroy();
    opened.destroy();
    await over;
    assert.deepEqual(events, ['closed']);
    assert.equal(await countOf(httpServer), 0);
  });

  both('one that was silent when the server closed is answered all the same', async ({ httpServer, port }, t) => {
    const client = await silent(t, port);
    const ended = once(httpServer, 'close');
    httpServer.close();
    const over = Object.assign(tls.connect({ socket: client, ...trusting }), { text: '' });
    over.on('data', (chunk) => (over.text += chunk)).on('error', () => {});
    over.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await comes(over, /200 OK[\s\S]*plain$/);
    await ended;
  });

  both('closeAllConnections closes those that are secured, and no handshake', async ({ httpServer, port }, t) => {
    const amid = await handshaking(t, port);
    const [idle, half, busy] = [dialed(t, port), dialed(t, port), dialed(t, port)];
    await Promise.all([idle, half, busy].map(secured));
    await says(half, 'GET / HT');
    await says(busy, GET);
    await comes(busy, /200 OK/);
    httpServer.closeAllConnections();
    await Promise.all([idle, half, busy].map(closed));
    // Node.js’s list has those alone that are secured.
    assert.equal(amid.destroyed, false);
    const over = once(httpServer, 'close');
    httpServer.close();
    await counted(httpServer, 1);
    amid.destroy();
    await over;
  });

  both('close(), and closeAllConnections() after that', async ({ httpServer, port }, t) => {
    const clients = Array.from({ length: 5 }, () => dialed(t, port));
    await Promise.all(clients.map(secured));
    const over = once(httpServer, 'close');
    httpServer.close();
    httpServer.closeAllConnections();
    await Promise.all([...clients.map(closed), over]);
  });

  both('nor does it once the server was closed', async ({ httpServer, port }, t) => {
    const idle = dialed(t, port);
    await secured(idle);
    const amid = await handshaking(t, port);
    const over = once(httpServer, 'close');
    httpServer.close();
    httpServer.closeAllConnections();
    await closed(idle);
    await counted(httpServer, 1);
    assert.equal(amid.destroyed, false);
    amid.destroy();
    await over;
  });

  both('closeIdleConnections closes none that is asking', async ({ httpServer, port }, t) => {
    const half = dialed(t, port);
    await secured(half);
    await says(half, 'GET / HTTP/1.1\r\n');
    const idle = dialed(t, port);
    idle.write(GET);
    await comes(idle, /200 OK/);
    httpServer.closeIdleConnections();
    await closed(idle);
    half.write('Host: a\r\n\r\n');
    await comes(half, /200 OK/);
  });

  both('beyond maxConnections a connection is dropped, whatever it says', async ({ httpServer, port, url }, t) => {
    httpServer.maxConnections = 1;
    const first = new Client(url, trusting);
    await first.opened;
    for (const text of [requestText(), GET]) {
      const dropped = once(httpServer, 'drop');
      const client = dialed(t, port);
      client.write(text);
      const [facts] = await dropped;
      assert.deepEqual(
        [facts.remoteAddress, facts.remotePort, facts.remoteFamily, facts.localAddress, facts.localPort],
        ['127.0.0.1', client.tcp.localPort ?? facts.remotePort, 'IPv4', '127.0.0.1', port],
      );
      await closed(client);
      assert.equal(client.text, '');
    }
    assert.equal(await countOf(httpServer), 1);
    first.destroy();
    await counted(httpServer, 0);
    const next = new Client(url, trusting);
    await next.opened;
    next.destroy();
  });

  both('connections are counted, of whichever sort', async ({ httpServer, port, url }, t) => {
    const clients = [new Client(url, trusting), new Client(url, trusting)];
    await Promise.all(clients.map((client) => client.opened));
    assert.equal(await countOf(httpServer), 2);
    const plain = dialed(t, port);
    plain.write(GET);
    await comes(plain, /200 OK/);
    assert.equal(await countOf(httpServer), 3);
    const amid = await handshaking(t, port);
    await counted(httpServer, 4);
    amid.destroy();
    await counted(httpServer, 3);
    clients[0].ws.close();
    await counted(httpServer, 2);
    plain.end();
    await counted(httpServer, 1);
    clients[1].destroy();
    await counted(httpServer, 0);
  });

  both('a server listens on its port again in the tick that it was closed in', async ({ httpServer, port, url }) => {
    for (let round = 0; round < 5; round++) {
      const over = new Promise((resolve) => httpServer.close(resolve));
      httpServer.listen(port);
      await Promise.all([once(httpServer, 'listening'), over]);
      assert.equal(httpServer.address().port, port);
      assert.equal(httpServer._handle.constructor.name, create === createSecureServer && hasDoors ? 'Door' : 'TCP');
      const client = new Client(url, trusting);
      await client.opened;
      const gone = once(httpServer, 'close');
      client.destroy();
      httpServer.close();
      await gone;
      httpServer.listen(port);
      await once(httpServer, 'listening');
    }
  });

  both(
    'a server listens on its port again while those of before are amid their handshakes',
    async ({ httpServer, port, url }, t) => {
      const before = await handshaking(t, port);
      const idle = dialed(t, port);
      await secured(idle);
      httpServer.close();
      httpServer.listen(port);
      await once(httpServer, 'listening');
      const client = new Client(url, trusting);
      await client.opened;
      if (CLOSES_SILENT) {
        await closed(idle);
      } else {
        idle.write(GET);
        await comes(idle, /200 OK/);
      }
      assert.equal(before.destroyed, false);
      before.destroy();
      idle.destroy();
      client.destroy();
      await counted(httpServer, 0);
    },
  );

  both(
    'nobody is accepted once close() has returned, and another server has the port',
    async ({ httpServer, port, url }, t) => {
      httpServer.close();
      const other = net.createServer((socket) => socket.destroy());
      t.after(() => other.close());
      other.listen(port);
      await once(other, 'listening');
      await assert.rejects(new Client(url, trusting).opened);
    },
  );
}

test('closeAllConnections drops those of a door that are secured and silent, at once', only, async (t) => {
  const { httpServer, port } = await attachedSecurely(t);
  const began = performance.now();
  const lend = t.mock.method(native, 'lendArrived');
  const clients = Array.from({ length: 20 }, () => dialed(t, port));
  await Promise.all(clients.map(secured));
  httpServer.closeAllConnections();
  await Promise.all(clients.map(closed));
  // After one second some may be Node.js’s by now.
  if (performance.now() - began < 1_000) assert.equal(lend.mock.callCount(), 0);
  await counted(httpServer, 0);
});

test('closeAllConnections() after close() drops requests that are on their way', only, async (t) => {
  const { server, httpServer, port } = await attachedSecurely(t);
  server.on('open', () => assert.fail('it is closed'));
  const client = dialed(t, port);
  await secured(client);
  client.write(requestText());
  // Rust has read it by then, and this thread, which never rested, has not heard of it.
  for (const until = performance.now() + 100; performance.now() < until; );
  const over = new Promise((resolve) => httpServer.close(resolve));
  httpServer.closeAllConnections();
  await Promise.all([over, closed(client)]);
});

test('a server that does not fit is refused as ever', limit, async (t) => {
  const { httpServer } = await attachedSecurely(t);
  const { port } = httpServer.address();
  const taken = createSecureServer(PAIR).listen(port, '127.0.0.1');
  assert.equal((await once(taken, 'error'))[0].code, 'EADDRINUSE');
  await new Promise((resolve) => httpServer.close(resolve));
  assert.throws(() => httpServer.listen(70_000), { code: 'ERR_SOCKET_BAD_PORT' });
  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
});
