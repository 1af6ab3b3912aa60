'use strict';

const { randomBytes } = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const { once } = require('node:events');
const { Base, Server, Upgrade, createSecureServer } = require('../..');
const { EntryBase } = require('./entry-base');
const { House } = require('./house');

/** Limits that are in reach of a random client. */
const LIMITS = { maxPayload: 2 << 20, maxFragments: 2000, maxBufferedAmount: 1 << 20, closeTimeout: 15_000 };
/** No address that another program listens on. */
const ANY = [0, '127.0.0.1', 1024];

/** An extension that changes nothing, and takes its time. */
const DAWDLER = 'x-dawdler';

/** @param {(below: number) => number} random */
function dawdler(random) {
  const pass = (next, frame) => {
    if (random(3) > 0) next(null, frame);
    // biome-ignore lint/suspicious/noDuplicateElseIf: each call draws another number.
    else if (random(3) > 0) setImmediate(next, null, frame);
    else setTimeout(next, random(5), null, frame);
  };
  return { read: pass, write: pass };
}

/** Whichever is asked for first. @param {string[]} offered */
const protocols = ([first]) => first;

/** @param {http.IncomingMessage} req @returns {string} what the client calls the connection */
const cidOf = (req) => new URL(req.url, 'ws://localhost').searchParams.get('c');

/**
 * A house whose `Server` does the opening handshakes.
 *
 * @param {string} name
 * @param {object} options of the `Server`
 * @param {object} context of `House`
 */
function serverHouse(name, options, context) {
  const server = new Server({ ...LIMITS, protocols, ...options });
  const house = new House(name, server, { closeTimeout: LIMITS.closeTimeout, ...context });
  server.on('open', (sid, req) => house.adopt(sid, cidOf(req)));
  // For a moment no more are taken than there are about.
  house.limit = () => {
    server.maxConnections = Math.max(1, server.connections - 2 + house.random(5));
    setTimeout(() => (server.maxConnections = Infinity), house.random(50));
  };
  house.stop = () => new Promise((resolve) => server.close(resolve));
  return house;
}

/**
 * A house whose `Base` is given the sockets, and closes the oldest where there are too many.
 *
 * @param {string} name
 * @param {object} options of the `Base`
 * @param {object} assignOptions of `assignSocket`
 * @param {object} context of `House`
 */
function baseHouse(name, options, assignOptions, context) {
  const base = new Base({ ...LIMITS, ...options, maxConnections: 8 });
  const house = new House(name, base, { closeTimeout: options.closeTimeout ?? LIMITS.closeTimeout, ...context });
  house.limit = () => (base.maxConnections = 3 + house.random(10));
  let arriving;
  base.on('open', (sid) => house.adopt(sid, arriving));
  house.upgrade = (req, socket, head) => {
    const settings = { head, protocols, extensions: base.extensions, perMessageDeflate: options.perMessageDeflate };
    Upgrade.handleUpgradeRequest(req, socket, settings, (error, upgraded, agreed) => {
      if (error) return;
      arriving = cidOf(req);
      const before = [...base.socketsHistory];
      base.assignSocket(upgraded, { ...agreed, ...assignOptions });
      const left = before.filter((sid) => base.sockets[sid] === undefined);
      left.forEach((sid) => house.evicted(sid));
    });
  };
  house.stop = async () => {};
  return house;
}

/**
 * A house of `websockets/ws`, which bounds nothing that waits for a slow peer.
 *
 * @param {string} name
 * @param {object} context of `House`
 */
function entryHouse(name, context) {
  const { maxPayload, maxFragments, closeTimeout } = LIMITS;
  const perMessageDeflate = { threshold: 50, zlibDeflateOptions: { level: 1 } };
  const base = new EntryBase({ maxPayload, maxFragments, closeTimeout, perMessageDeflate });
  const house = new House(name, base, { closeTimeout, ...context });
  base.on('open', (sid, req) => house.adopt(sid, cidOf(req)));
  house.limit = () => {
    base.isFull = true;
    setTimeout(() => (base.isFull = false), house.random(50));
  };
  house.stop = () => base.stop();
  return house;
}

/**
 * Replaces the keys of session tickets, or the certificate: as far as the server knows, by another.
 *
 * @param {House} house
 * @param {import('node:https').Server} server of `createSecureServer`
 * @param {{ key: string, cert: string }} pair
 */
function renew({ random }, server, pair) {
  if (random(2) === 0) server.setTicketKeys(randomBytes(48));
  else server.setSecureContext(pair);
}

/**
 * The houses of the server process's main thread, all of them listening.
 *
 * @param {{ key: string, cert: string, unix: string }} setup
 * @param {object} context of `House`
 */
async function openHouses({ key, cert, unix }, context) {
  const main = serverHouse('main', { perMessageDeflate: { level: 1, threshold: 100 } }, context);
  const streams = baseHouse(
    'streams',
    { perMessageDeflate: { level: 1, threshold: 0 } },
    { transport: 'stream' },
    context,
  );
  const plain = baseHouse('plain', { closeTimeout: 8000 }, { keepSocket: false }, context);
  const slow = serverHouse('slow', { perMessageDeflate: true }, context);
  slow.base.extensions[DAWDLER] = dawdler(slow.random);
  const entry = entryHouse('entry', context);

  const tcp = http.createServer().listen(...ANY);
  const tls = https.createServer({ key, cert }).listen(...ANY);
  const local = http.createServer().listen(unix);
  const others = { streams, plain };
  const mixed = http.createServer().listen(...ANY);
  const mixedSecure = createSecureServer({ key, cert }).listen(...ANY);
  for (const server of [mixed, mixedSecure]) {
    server.on('upgrade', (req, socket, head) =>
      others[new URL(req.url, 'ws://localhost').pathname.slice(1)]?.upgrade(req, socket, head),
    );
  }
  const dawdling = http.createServer().listen(...ANY);
  const ofEntry = http.createServer().listen(...ANY);
  const ofEntryTls = https.createServer({ key, cert }).listen(...ANY);
  const secure = createSecureServer({ key, cert }).listen(...ANY);
  const ofEntrySecure = createSecureServer({ key, cert }).listen(...ANY);
  const listeners = [tcp, tls, local, mixed, mixedSecure, dawdling, ofEntry, ofEntryTls, secure, ofEntrySecure];
  for (const server of listeners) if (!server.listening) await once(server, 'listening');
  for (const server of [tcp, tls, local, secure]) main.base.listen(server);
  slow.base.listen(dawdling);
  for (const server of [ofEntry, ofEntryTls, ofEntrySecure]) entry.base.listen(server);

  for (const [house, server] of [
    [main, secure],
    [plain, mixedSecure],
    [entry, ofEntrySecure],
  ]) {
    house.renew = () => renew(house, server, { key, cert });
  }

  const at = (server) => ({ host: '127.0.0.1', port: server.address().port });
  return {
    houses: [main, streams, plain, slow, entry],
    listeners,
    endpoints: [
      { house: 'main', name: 'tcp', where: at(tcp), path: '/' },
      { house: 'main', name: 'tls', where: { ...at(tls), ca: cert, servername: 'localhost' }, path: '/' },
      { house: 'main', name: 'secure', where: { ...at(secure), ca: cert, servername: 'localhost' }, path: '/' },
      { house: 'main', name: 'unix', where: { path: unix }, path: '/' },
      { house: 'streams', name: 'streams', where: at(mixed), path: '/streams' },
      { house: 'plain', name: 'plain', where: at(mixed), path: '/plain' },
      {
        house: 'plain',
        name: 'plain, secure',
        where: { ...at(mixedSecure), ca: cert, servername: 'localhost' },
        path: '/plain',
      },
      { house: 'slow', name: 'extension', where: at(dawdling), path: '/' },
      { house: 'entry', name: 'entry', where: at(ofEntry), path: '/' },
      {
        house: 'entry',
        name: 'entry, tls',
        where: { ...at(ofEntryTls), ca: cert, servername: 'localhost' },
        path: '/',
      },
      {
        house: 'entry',
        name: 'entry, secure',
        where: { ...at(ofEntrySecure), ca: cert, servername: 'localhost' },
        path: '/',
      },
    ],
  };
}

/** That of the worker, which keeps no window. @param {object} context of `House` */
async function openWorkerHouse(context) {
  const perMessageDeflate = { level: 6, threshold: 10, serverNoContextTakeover: true, serverMaxWindowBits: 10 };
  const house = serverHouse('worker', { perMessageDeflate, keepSocket: false }, context);
  const tcp = http.createServer().listen(...ANY);
  await once(tcp, 'listening');
  house.base.listen(tcp);
  const { port } = tcp.address();
  return {
    houses: [house],
    listeners: [tcp],
    endpoints: [{ house: 'worker', name: 'worker', where: { host: '127.0.0.1', port }, path: '/' }],
  };
}

module.exports = { DAWDLER, dawdler, openHouses, openWorkerHouse };
