'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { Client, Server, Upgrade } = require('../..');
const native = require('../../lib/native/native');
const { selfSigned } = require('./certificate');
const { secured } = require('./https');
const { Inbox } = require('./inbox');
const { limit } = require('./server');

const EVENTS = ['open', 'message', 'close', 'error', 'reconnecting', 'giveup'];
const pair = selfSigned();

/** Where there is no TLS of clients in Rust, all of this goes by Node's. */
const carrier = native.openSecured === undefined ? 'stream' : 'socket';
const here = { ...limit, skip: native.openSecured === undefined && 'no TLS of clients in Rust' };

/** A Client and all that it says; what it has open is gone when the test ends. */
function make(t, options) {
  const client = new Client({ ca: pair.cert, ...options });
  t.after(() => client.terminate(null));
  return { client, events: new Inbox(client, EVENTS) };
}

/** A server of WebSockets that says what it hears. */
async function echoing(t, options, create) {
  const server = await secured(t, { ...pair, ...options }, undefined, create);
  const base = new Server();
  base.listen(server);
  base.on('message', (text, sid) => base.send(sid, text));
  t.after(() => base.terminate(null));
  return { server, base, url: `wss://127.0.0.1:${server.address().port}` };
}

/** A server of bytes, which counts its connections. */
async function plain(t, connected) {
  const server = net.createServer((socket) => {
    server.count++;
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    connected(socket);
  });
  server.count = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { server, url: `wss://127.0.0.1:${server.address().port}` };
}

/** @returns {Promise<Error>} what comes of the same by Node's TLS */
function failureByNode(url, options) {
  return new Promise((resolve) => Upgrade.createUpgradeRequest(url, { ca: pair.cert, ...options }, resolve));
}

module.exports = { carrier, echoing, failureByNode, here, make, pair, plain };
