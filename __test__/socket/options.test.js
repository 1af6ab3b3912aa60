'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { switchingProtocols } = require('../support/upgrade');

// What Linux tells of its timers is how keep-alive is seen from outside.
const skip = process.platform !== 'linux' && 'only Linux tells';

/** Whether the kernel runs the keep-alive timer on our side of a client's connection. */
function keepsAlive({ socket: { localPort, remotePort } }) {
  const hex = (port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of fs.readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(hex(remotePort)) && fields[2].endsWith(hex(localPort))) {
      const timer = fields[5].slice(0, 2);
      assert.ok(timer === '00' || timer === '02', `the timer ${timer} hides it`);
      return timer === '02';
    }
  }
  throw new Error('the kernel does not know the connection');
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
