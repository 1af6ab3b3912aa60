'use strict';

// engine.io refuses some clients only once they have been upgraded: they fail at once, as with ws.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const { describe, test } = require('node:test');
const { Server: IoServer } = require('socket.io');
const { io } = require('socket.io-client');
const { WebSocket } = require('ws');
const engineIo = require('../../engine.io.js');
const entryOfWs = require('../../ws.js');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');

/** A socket.io server, gone when the test ends. @returns {Promise<{ server: IoServer, at: string }>} */
async function serve(t, { secure = false, wsEngine = engineIo.Server } = {}) {
  const httpServer = secure ? https.createServer(selfSigned()) : http.createServer();
  const server = new IoServer(httpServer, { wsEngine });
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return { server, at: `127.0.0.1:${httpServer.address().port}` };
}

for (const { name, secure, wsEngine } of [
  { name: 'websockets/engine.io over TCP', secure: false, wsEngine: engineIo.Server },
  { name: 'websockets/engine.io over TLS', secure: true, wsEngine: engineIo.Server },
  // What socket.io gets if an alias puts it in the place of ws.
  { name: 'websockets/ws over TCP', secure: false, wsEngine: entryOfWs.Server },
  { name: 'websockets/ws over TLS', secure: true, wsEngine: entryOfWs.Server },
]) {
  const s = secure ? 's' : '';
  describe(`a client that is refused after its upgrade, ${name}`, () => {
    const reject = () => Promise.reject(new Error('no id'));

    test('generateId rejects: the client of socket.io has its error at once', limit, async (t) => {
      const { server, at } = await serve(t, { secure, wsEngine });
      server.engine.generateId = reject;
      const options = { transports: ['websocket'], reconnection: false, rejectUnauthorized: false, forceNew: true };
      const client = io(`http${s}://${at}`, { ...options, timeout: 25_000 });
      t.after(() => client.disconnect());
      const began = Date.now();
      const [error] = await once(client, 'connect_error');
      assert.equal(error.message, 'websocket error');
      assert.ok(Date.now() - began < 5_000);
    });

    test('generateId rejects, or the protocol is one of v2 or v3: a protocol error, and the end', limit, async (t) => {
      for (const query of ['EIO=4', 'EIO=3', 'EIO=2']) {
        const { server, at } = await serve(t, { secure, wsEngine });
        if (query === 'EIO=4') server.engine.generateId = reject;
        const url = `ws${s}://${at}/socket.io/?${query}&transport=websocket`;
        const client = new WebSocket(url, { rejectUnauthorized: false });
        const events = new Inbox(client, ['open', 'message', 'error', 'close']);
        const [error] = await events.next('error');
        assert.equal(error.code, 'WS_ERR_INVALID_OPCODE');
        await events.next('close');
        assert.equal(events.list('message').length, 0);
        assert.equal(server.engine.clientsCount, 0);
      }
    });
  });
}

test('what is done to the socket of others is what it was', limit, async (t) => {
  const { server, at } = await serve(t);
  const connected = once(server.engine, 'connection');
  const client = new WebSocket(`ws://${at}/socket.io/?EIO=4&transport=websocket`);
  t.after(() => client.terminate());
  const [session] = await connected;
  const socket = session.transport.socket._socket;
  const error = await new Promise((resolve) => socket.write('raw', resolve));
  assert.equal(error.code, 'ERR_WS_SOCKET_TAKEN');
  const closed = once(client, 'close');
  socket.destroy();
  assert.equal((await closed)[0], 1006);
});
