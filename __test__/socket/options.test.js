'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const { DRIVEN_BY, limit, served } = require('../support/server');
const { switchingProtocols } = require('../support/upgrade');

// What Linux tells of its timers is how keep-alive is seen from outside.
const skip = process.platform !== 'linux' && 'only Linux tells';

/** The kernel's keep-alive timer on our side of a client's connection: ms until it is due, `null` if it does not run. */
function probeIsDueIn({ socket: { localPort, remotePort } }) {
  const hex = (port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of fs.readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(hex(remotePort)) && fields[2].endsWith(hex(localPort))) {
      const timer = fields[5].slice(0, 2);
      assert.ok(timer === '00' || timer === '02', `the timer ${timer} hides it`);
      // In hundredths of a second.
      return timer === '02' ? Number.parseInt(fields[5].slice(3), 16) * 10 : null;
    }
  }
  throw new Error('the kernel does not know the connection');
}

/** Whether it runs. */
function keepsAlive(client) {
  return probeIsDueIn(client) !== null;
}

/** What the peer sends acknowledges what we sent: no timer for that is running any more. */
async function settle({ base, events }, client) {
  base.send(client.sid, 'x');
  await client.frame();
  await client.text('y');
  assert.deepEqual(await events.next('message'), ['y', client.sid]);
}

test(
  'setKeepAlive acts on a connection',
  { ...limit, skip },
  served({}, async (server) => {
    const client = await server.raw();
    const socket = server.accepted.get(client.sid);
    await settle(server, client);
    assert.equal(keepsAlive(client), false);
    assert.equal(socket.setKeepAlive(true, 60_000), socket);
    assert.equal(keepsAlive(client), true);
    assert.equal(socket.setKeepAlive(false), socket);
    assert.equal(keepsAlive(client), false);
  }),
);

test(
  'setKeepAlive counts whole seconds, and leaves alone what is not said',
  { ...limit, skip },
  served({}, async (server) => {
    const client = await server.raw();
    const socket = server.accepted.get(client.sid);
    await settle(server, client);
    socket.setKeepAlive(true, 100_999);
    assert.ok(probeIsDueIn(client) <= 100_000 && probeIsDueIn(client) > 50_000);
    // Less than a second is nothing, which leaves the delay as it was.
    socket.setKeepAlive(false).setKeepAlive(true, 999);
    assert.ok(probeIsDueIn(client) <= 100_000 && probeIsDueIn(client) > 50_000);
    socket.setKeepAlive(false).setKeepAlive(true);
    assert.ok(probeIsDueIn(client) <= 100_000 && probeIsDueIn(client) > 50_000);
  }),
);

test(
  'setKeepAlive takes an object, as in newer versions of Node.js',
  { ...limit, skip: skip || (DRIVEN_BY !== 'socket' && "it is Node's own") },
  served({}, async (server) => {
    const client = await server.raw();
    const socket = server.accepted.get(client.sid);
    await settle(server, client);
    assert.equal(socket.setKeepAlive({ enable: true, initialDelay: 100_000, interval: 5000, count: 3 }), socket);
    assert.ok(probeIsDueIn(client) <= 100_000 && probeIsDueIn(client) > 50_000);
    socket.setKeepAlive({ enable: false });
    assert.equal(keepsAlive(client), false);
    socket.setKeepAlive({});
    assert.equal(keepsAlive(client), false);
  }),
);

test(
  'setKeepAlive acts in the turn in which the socket is assigned',
  { ...limit, skip },
  served(
    {
      upgrade(request, socket, head, server) {
        server.accept(request, socket, head);
        socket.setKeepAlive(true, 60_000);
      },
    },
    async (server) => {
      const client = await server.raw();
      await settle(server, client);
      assert.equal(keepsAlive(client), true);
    },
  ),
);

test(
  'setKeepAlive acts in the open listener',
  { ...limit, skip },
  served({}, async (server) => {
    const { base } = server;
    base.on('open', (sid) => base.sockets[sid].socket.setKeepAlive(true, 60_000));
    const client = await server.raw();
    await settle(server, client);
    assert.equal(keepsAlive(client), true);
  }),
);

test(
  'setKeepAlive acts while what was written before is still on its way',
  { ...limit, skip },
  served(
    {
      upgrade(request, socket, head, server) {
        socket.write(switchingProtocols(request, [`X-Padding: ${'p'.repeat(16 << 20)}`]));
        assert.ok(socket.writableLength > 0);
        server.assign(request, socket, { head });
        socket.setKeepAlive(true, 60_000);
      },
    },
    async (server) => {
      const client = await server.raw({ paused: true });
      client.resume();
      await settle(server, client);
      assert.equal(keepsAlive(client), true);
    },
  ),
);

test(
  'what was set before stays',
  { ...limit, skip },
  served(
    {
      upgrade(request, socket, head, server) {
        socket.setKeepAlive(true, 60_000);
        server.accept(request, socket, head);
      },
    },
    async (server) => {
      const client = await server.raw();
      await settle(server, client);
      assert.equal(keepsAlive(client), true);
    },
  ),
);

test(
  'setNoDelay returns the socket, at any time',
  limit,
  served({}, async (server) => {
    const { base, events, accepted } = server;
    base.once('open', (sid) => base.sockets[sid].socket.setNoDelay(true));
    const client = await server.raw();
    const socket = accepted.get(client.sid);
    assert.equal(socket.setNoDelay(false), socket);
    assert.equal(socket.setNoDelay(), socket);
    await settle(server, client);
    client.destroy();
    await events.next('close');
    assert.equal(socket.setNoDelay(), socket);
  }),
);
