'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { WebSocket } = require('ws');
const { Server } = require('../..');
const { run } = require('../support/child');
const { limit, served } = require('../support/server');
const { switchingProtocols } = require('../support/upgrade');

/** The body of a test whose sockets are let go of, by I/O threads whatever the suite runs over. */
function released(body, options = {}) {
  return served({ transport: 'socket', assign: { keepSocket: false }, ...options }, body);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test(
  'the WebSocket lives on without its socket',
  limit,
  released(async ({ base, events, connect, accepted }) => {
    const client = await connect();
    const socket = accepted.get(client.sid);
    if (!socket.closed) await once(socket, 'close');
    assert.equal(socket.destroyed, true);
    assert.equal(base.sockets[client.sid].socket, null);
    assert.equal(base.sockets[client.sid].remoteAddress, '127.0.0.1');
    client.ws.send('there');
    assert.deepEqual(await events.next('message'), ['there', client.sid]);
    base.send(client.sid, 'and back');
    assert.equal(await client.message(), 'and back');
    client.ws.close(1000, 'done');
    assert.deepEqual(await events.next('close'), ['done', client.sid, 1000]);
  }),
);

test(
  'what is done to the socket acts on nothing any more',
  limit,
  released(async ({ base, connect, accepted }) => {
    const client = await connect();
    const socket = accepted.get(client.sid);
    socket.setNoDelay(false).setKeepAlive(true).unref().ref();
    socket.end();
    socket.destroy(new Error('of the application'));
    const error = await new Promise((resolve) => socket.write('late', resolve));
    assert.ok(error instanceof Error);
    await turn();
    assert.equal(base.connections, 1);
    base.send(client.sid, 'alive');
    assert.equal(await client.message(), 'alive');
  }),
);

test(
  'the HTTP server counts it no longer, and its close() does not wait',
  limit,
  released(async ({ base, http, connect }) => {
    const client = await connect();
    await turn();
    assert.equal(await new Promise((resolve) => http.getConnections((_, count) => resolve(count))), 0);
    await new Promise((resolve) => http.close(resolve));
    base.send(client.sid, 'alive');
    assert.equal(await client.message(), 'alive');
  }),
);

test(
  'what the app wrote leaves before the socket is let go of',
  limit,
  released(
    async ({ base, connect, accepted }) => {
      const client = await connect();
      const socket = accepted.get(client.sid);
      if (!socket.closed) await once(socket, 'close');
      assert.equal(base.sockets[client.sid].socket, null);
      base.send(client.sid, 'behind it');
      assert.equal(await client.message(), 'behind it');
    },
    {
      upgrade(request, socket, head, server) {
        socket.cork();
        socket.write(switchingProtocols(request));
        const sid = server.assign(request, socket, { head });
        assert.equal(server.base.sockets[sid].socket, socket);
      },
    },
  ),
);

test(
  'a socket cannot be assigned again after it was let go of',
  limit,
  released(async ({ base, connect, accepted }) => {
    const { sid } = await connect();
    assert.throws(() => base.assignSocket(accepted.get(sid)), { code: 'ERR_WS_SOCKET_TAKEN' });
  }),
);

test(
  'a stream keeps its socket',
  limit,
  released(
    async ({ base, connect, accepted }) => {
      const client = await connect();
      assert.equal(base.sockets[client.sid].transport, 'stream');
      assert.equal(base.sockets[client.sid].socket, accepted.get(client.sid));
      base.send(client.sid, 'alive');
      assert.equal(await client.message(), 'alive');
    },
    { assign: { keepSocket: false, transport: 'stream' } },
  ),
);

test(
  'keepSocket is a boolean',
  limit,
  served(
    {
      upgrade(request, socket, head, server) {
        assert.throws(() => server.assign(request, socket, { keepSocket: 'no' }), {
          code: 'ERR_INVALID_ARG_TYPE',
          message: /keepSocket/,
        });
        server.accept(request, socket, head);
      },
    },
    async ({ connect }) => {
      await connect();
      assert.throws(() => new Server({ keepSocket: 0 }), { code: 'ERR_INVALID_ARG_TYPE', message: /keepSocket/ });
    },
  ),
);

test('a Server hands the option on', limit, async (t) => {
  const server = new Server({ keepSocket: false });
  t.after(() => server.terminate(null).close());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  const [sid, req] = await once(server, 'open');
  if (!req.socket.closed) await once(req.socket, 'close');
  assert.equal(server.sockets[sid].socket, null);
  server.on('message', (text) => server.send(sid, text));
  client.on('open', () => client.send('echo'));
  const [data] = await once(client, 'message');
  assert.equal(data.toString(), 'echo');
});

test('the garbage collector takes the sockets, and less memory is kept', limit, async (t) => {
  const measure = async (keepSocket) => await run(t, 'kept-sockets.js', [{ keepSocket, count: 500 }]).says();
  const [kept, keptBytes] = await measure(true);
  const [left, leftBytes] = await measure(false);
  assert.equal(kept, 1000);
  assert.equal(left, 0);
  assert.ok(leftBytes < keptBytes * 0.85, `${leftBytes} bytes of heap for each instead of ${keptBytes}`);
});
