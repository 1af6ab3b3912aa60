'use strict';

// The server under test: sends every message back as it came, compressed where the client offers
// that. Prints its URL.

const http = require('node:http');
const { Base, Upgrade } = require('websockets');

const perMessageDeflate = { threshold: 0 }; // the cases are many of them short
const transport = process.env.WEBSOCKETS_TEST_TRANSPORT;

const base = new Base({
  maxConnections: Infinity,
  maxPayload: 32 * 1024 * 1024, // the largest case is 16 MiB
  timeout: 0,
  perMessageDeflate,
});
base.on('message', (text, sid) => base.send(sid, text));
base.on('binary', (data, sid) => base.send(sid, data));

const server = http.createServer((_req, res) => res.writeHead(426).end());
server.on('upgrade', (req, socket, head) => {
  Upgrade.handleUpgradeRequest(req, socket, { head, perMessageDeflate }, (error, upgraded, options) => {
    if (error) console.error(error);
    else base.assignSocket(upgraded, { ...options, transport });
  });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`ws://127.0.0.1:${server.address().port}`);
});
