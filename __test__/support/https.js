'use strict';

const { once } = require('node:events');
const https = require('node:https');
const tls = require('node:tls');

const { createSecureServer } = require('../..');
const { selfSigned } = require('./certificate');

/** The certificate of all servers that have none of their own. */
let certificate;

/**
 * A server that listens, and is gone when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of `https.createServer`
 * @param {Function} [listener] of requests
 * @param {typeof https.createServer} [create]
 */
async function secured(t, options = {}, listener = (_req, res) => res.end('answer'), create = createSecureServer) {
  certificate ??= selfSigned();
  const server = create({ ...certificate, ...options }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return server;
}

/**
 * A client of it, which keeps what comes.
 *
 * @param {import('node:test').TestContext} t
 * @param {https.Server} server
 * @param {tls.ConnectionOptions} [options]
 */
function dialed(t, server, options) {
  const client = tls.connect({ port: server.address().port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  client.text = '';
  client.on('data', (chunk) => (client.text += chunk.toString('latin1')));
  client.on('error', () => {});
  t.after(() => client.destroy());
  return client;
}

/** What has come fits. @param {tls.TLSSocket & { text: string }} client @param {RegExp} pattern */
async function comes(client, pattern) {
  while (!pattern.test(client.text)) await once(client, 'data');
  return client.text.match(pattern);
}

/**
 * One request.
 *
 * @param {https.Server} server
 * @param {https.RequestOptions & { body?: Buffer }} [options]
 * @returns {Promise<{ response: import('node:http').IncomingMessage, body: Buffer }>}
 */
function fetched(server, { body, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const { port } = server.address();
    const request = https.request({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ response, body: Buffer.concat(chunks) }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

module.exports = { comes, dialed, fetched, secured };
