'use strict';

// The server under test: sends every message back as it came, compressed where the client offers
// that. Prints its URL. With WEBSOCKETS_TEST_TRANSPORT=http2 it speaks HTTP/2, behind a bridge; with `secure` it is one of
// `createSecureServer`.

const http = require('node:http');
const http2 = require('node:http2');
const { Base, Upgrade, createSecureServer } = require('websockets');
const { selfSigned } = require('../support/certificate');
const { bridgeTo } = require('./http2-bridge');

const perMessageDeflate = { threshold: 0 }; // the cases are many of them short
const isHttp2 = process.env.WEBSOCKETS_TEST_TRANSPORT === 'http2';
const isSecure = process.env.WEBSOCKETS_TEST_TRANSPORT === 'secure';
/** The socket transport carries what `createSecureServer` accepts. */
const OF_SERVERS = { http2: 'stream', secure: 'socket' };
const transport = OF_SERVERS[process.env.WEBSOCKETS_TEST_TRANSPORT] ?? process.env.WEBSOCKETS_TEST_TRANSPORT;

const base = new Base({
  maxConnections: Infinity,
  maxPayload: 32 * 1024 * 1024, // the largest case is 16 MiB
  timeout: 0,
  perMessageDeflate,
});
base.on('message', (text, sid) => base.send(sid, text));
base.on('binary', (data, sid) => base.send(sid, data));

/** Takes a request to upgrade, or the stream of one over HTTP/2. */
function take(req, socket, head) {
  Upgrade.handleUpgradeRequest(req, socket, { head, perMessageDeflate }, (error, upgraded, options) => {
    if (error) console.error(error);
    else base.assignSocket(upgraded, { ...options, transport });
  });
}

/** Says where the suite finds it. */
function listen(server) {
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    console.log(`${isSecure ? 'wss' : 'ws'}://127.0.0.1:${server.address().port}`);
  });
}

const plain = (_req, res) => res.writeHead(426).end();
if (isHttp2) {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } }, plain);
  server.on('connect', (req) => take(req, req.stream));
  server.listen(0, '127.0.0.1', () => listen(bridgeTo(server.address().port)));
} else {
  const server = isSecure ? createSecureServer(selfSigned(), plain) : http.createServer(plain);
  listen(server.on('upgrade', take));
}
