'use strict';

const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const reference = require('ws');
const ours = require('../../ws.js');
const { selfSigned } = require('./certificate');
const { Inbox } = require('./inbox');

/** Over TLS a connection goes by the stream transport. */
const isTls = ['stream', 'tls'].includes(process.env.WEBSOCKETS_TEST_TRANSPORT);
const certificate = isTls ? selfSigned() : undefined;
const trust = isTls ? { rejectUnauthorized: false } : {};

const EVENTS = ['open', 'message', 'ping', 'pong', 'close', 'error'];

/** In which role the entry is, with `ws` at the other end. */
const ROLES = ['server', 'client'];

/**
 * An HTTP server that listens, and is gone when the test ends.
 *
 * @param {import('node:test').TestContext} t
 */
async function listen(t) {
  const server = isTls ? https.createServer(certificate) : http.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections?.();
  });
  return { server, url: `ws${isTls ? 's' : ''}://127.0.0.1:${server.address().port}` };
}

/**
 * A WebSocketServer on an HTTP server of its own.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of the WebSocketServer
 * @param {typeof ours} [module] whose
 */
async function serve(t, options = {}, module = ours) {
  const { server, url } = await listen(t);
  const wss = new module.WebSocketServer({ server, ...options });
  t.after(() => {
    for (const one of wss.clients ?? []) one.terminate();
    wss.close();
  });
  return { wss, url, server };
}

/**
 * A WebSocket of ours and one of `ws`, connected to each other.
 *
 * @param {import('node:test').TestContext} t
 * @param {'server' | 'client'} role of ours
 * @param {object} [options]
 * @param {object} [options.ours] options of our end
 * @param {object} [options.theirs] of the other
 * @returns {Promise<{ ours: import('../../ws.js'), theirs: import('ws'), inbox: Inbox, peer: Inbox }>} `inbox` has what
 *   ours emits, `peer` what the other does
 */
async function connect(t, role, { ours: own = {}, theirs: other = {} } = {}) {
  const [Servers, Clients] = role === 'server' ? [ours, reference] : [reference, ours];
  const [forServer, forClient] = role === 'server' ? [own, other] : [other, own];
  const { wss, url } = await serve(t, forServer, Servers);
  const accepted = once(wss, 'connection');
  const client = new Clients(url, { ...trust, ...forClient });
  const clientInbox = new Inbox(client, EVENTS);
  const [[server]] = await Promise.all([accepted, clientInbox.next('open')]);
  const serverInbox = new Inbox(server, EVENTS);
  t.after(() => client.terminate());
  return role === 'server'
    ? { ours: server, theirs: client, inbox: serverInbox, peer: clientInbox }
    : { ours: client, theirs: server, inbox: clientInbox, peer: serverInbox };
}

/**
 * A test in each role of ours.
 *
 * @param {string} name
 * @param {(t: import('node:test').TestContext, role: 'server' | 'client') => unknown} body
 */
function inBothRoles(name, body) {
  const { test } = require('node:test');
  for (const role of ROLES) test(`${name} (${role})`, { timeout: 60_000 }, (t) => body(t, role));
}

module.exports = { connect, inBothRoles, isTls, listen, serve, trust };
