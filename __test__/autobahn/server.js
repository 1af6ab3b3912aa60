'use strict';

// The server under test: sends every message back as it came, compressed where the client offers
// that. Prints its URL. With WEBSOCKETS_TEST_TRANSPORT=http2 it speaks HTTP/2, behind a bridge; with `secure` it is one of
// `createSecureServer`, whose WebSockets a `Server` opens, and with `tls` one of `https.createServer`.

const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const { Base, Server, Upgrade, createSecureServer } = require('websockets');
const { selfSigned } = require('../support/certificate');
const { bridgeTo } = require('./http2-bridge');

const perMessageDeflate = { threshold: 0 }; // the cases are many of them short
const { WEBSOCKETS_TEST_TRANSPORT: asked } = process.env;
const isHttp2 = asked === 'http2';
/** Whose servers speak TLS. */
const createServer = { secure: createSecureServer, tls: https.createServer }[asked];
/** The socket transport carries what `createSecureServer` accepts. */
const OF_SERVERS = { http2: 'stream', secure: 'socket', tls: 'stream' };
const transport = OF_SERVERS[asked] ?? asked;

/** It opens them: where Rust accepts, nobody else gets a connection without a socket. */
const isServer = asked === 'secure';
const base = new (isServer ? Server : Base)({
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
    console.log(`${createServer ? 'wss' : 'ws'}://127.0.0.1:${server.address().port}`);
  });
}

const plain = (_req, res) => res.writeHead(426).end();
if (isHttp2) {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } }, plain);
  server.on('connect', (req) => take(req, req.stream));
  server.listen(0, '127.0.0.1', () => listen(bridgeTo(server.address().port)));
} else {
  const server = createServer?.(selfSigned(), plain) ?? http.createServer(plain);
  if (isServer) base.listen(server);
  else server.on('upgrade', take);
  listen(server);
}
