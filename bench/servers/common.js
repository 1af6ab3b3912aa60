'use strict';

// What every server file reads from its environment, and the one thing that it prints: its port.

const fs = require('node:fs');
const path = require('node:path');

const {
  BENCH_ROLE,
  BENCH_DECODE,
  BENCH_DEFLATE,
  BENCH_KEEP_SOCKET,
  BENCH_MODULE,
  BENCH_TLS_KEY: key,
  BENCH_TLS_CERT: cert,
} = process.env;

/** Whether a message goes to all, or back to where it came from. */
const broadcasts = BENCH_ROLE === 'broadcast';
/** Whether it goes to all but the sender, and to the sender by itself. */
const excepts = BENCH_ROLE === 'others';
/** Whether a peer that gives bytes makes a string of text, as an application would. */
const decodes = BENCH_DECODE === '1';
/** Whether it goes to those of the same topic, which is the path of the upgrade. */
const publishes = BENCH_ROLE === 'topics';
/** Whether permessage-deflate is to be agreed on. */
const deflates = BENCH_DEFLATE === '1';
/** Whether a server that can do without them keeps the socket objects. */
const keepsSocket = BENCH_KEEP_SOCKET !== '0';
/** The checkout of this module that is measured. */
const folder = BENCH_MODULE ?? path.join(__dirname, '..', '..');
/** The files of a certificate, where the server is to speak wss. */
const tls = key && cert ? { key, cert } : null;

/**
 * @param {typeof import('node:https').createServer} [createSecureServer]
 * @param {typeof import('node:http').createServer} [createPlainServer]
 * @returns {import('node:http').Server} that speaks TLS where it is asked for
 */
function createServer(
  createSecureServer = require('node:https').createServer,
  createPlainServer = require('node:http').createServer,
) {
  if (!tls) return createPlainServer();
  return createSecureServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) });
}

/** @param {number} port which the bench waits for */
function ready(port) {
  // Node has it by --expose-gc.
  process.on('SIGUSR2', () => (globalThis.Bun ? globalThis.Bun.gc(true) : globalThis.gc()));
  console.log(port);
}

/** @param {import('node:http').Server} server */
function listen(server) {
  server.listen(0, '127.0.0.1', () => ready(server.address().port));
}

module.exports = {
  broadcasts,
  createServer,
  decodes,
  deflates,
  excepts,
  keepsSocket,
  listen,
  folder,
  publishes,
  ready,
  tls,
};
