'use strict';

const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const { Server } = require('../..');
const { Inbox } = require('./inbox');
const { requestText } = require('./raw-http');

/** @returns {Promise<{ port: number, server: http.Server }>} a server that is gone when the test ends */
async function listening(t, server, where = { port: 0, host: '127.0.0.1' }) {
  await once(server.listen(where), 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections?.();
  });
  return { port: server.address().port, server };
}

/** What a `Server` emits that tests look at. */
const EVENTS = ['open', 'message', 'close', 'error'];

/**
 * A Server that listens, and is gone when the test ends.
 *
 * @returns {Promise<{ server: Server, events: Inbox, port: number, url: string }>}
 */
async function serve(t, options, httpServer, Class = Server) {
  const server = new Class(options);
  const events = new Inbox(server, EVENTS);
  t.after(() => server.terminate(null).close());
  if (httpServer) {
    server.listen(httpServer);
    if (!httpServer.listening) await once(httpServer.listen(0, '127.0.0.1'), 'listening');
    t.after(() => {
      httpServer.close();
      httpServer.closeAllConnections();
    });
  } else {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
  const { port } = server.address();
  return { server, events, port, url: `ws://127.0.0.1:${port}/` };
}

/** An open client of ws, which keeps what it hears. */
async function connect(url, ...args) {
  const client = new WebSocket(url, ...args);
  client.inbox = new Inbox(client, ['open', 'message', 'close', 'error']);
  await client.inbox.next('open');
  return client;
}

/** The status that a client of ws is refused with. */
async function refused(url, ...args) {
  const client = new WebSocket(url, ...args).on('error', () => {});
  const [, res] = await once(client, 'unexpected-response');
  res.resume();
  return res.statusCode;
}

/** A client of ws whose opening handshake is under way, and which is gone when the test ends. */
function dial(t, url) {
  const client = new WebSocket(url).on('error', () => {});
  t.after(() => client.terminate());
  return client;
}

/** A request to upgrade from a plain socket, which is gone when the test ends. */
function ask(t, port, body = '') {
  const socket = net.connect(port, '127.0.0.1').on('error', () => {});
  t.after(() => socket.destroy());
  socket.write(requestText({ body }), 'latin1');
  return socket;
}

/** A Server on an HTTP server of the app's, and that one's `upgrade` events; `shouldAccept` waits. */
async function undecided(t, options) {
  const httpServer = http.createServer();
  const asked = new Inbox(httpServer, ['upgrade', 'asked']);
  const shouldAccept = () => new Promise((resolve) => httpServer.emit('asked', resolve));
  return { asked, ...(await serve(t, { shouldAccept, ...options }, httpServer)) };
}

module.exports = { ask, connect, dial, listening, refused, serve, undecided };
