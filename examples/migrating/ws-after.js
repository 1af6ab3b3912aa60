'use strict';

// The chat of ws-before.js, on this module.

const http = require('node:http');
const { Server } = require('websockets');

const httpServer = http.createServer((req, res) => res.writeHead(426, { Upgrade: 'websocket' }).end());

const server = new Server({
  url: 'ws://localhost/chat',
  maxPayload: 64 * 1024,
  perMessageDeflate: { threshold: 1024 },
  shouldAccept: (req) => nameOf(req) !== '' || 403,
  pingInterval: 30_000, // the heartbeat
});

const nameOf = (req) => new URL(req.url, 'ws://localhost').searchParams.get('name') ?? '';
const names = new Map(); // sid → name

server.on('open', (sid, req) => {
  names.set(sid, nameOf(req));
  server.send(sid, `hello ${names.get(sid)}, there are ${server.connections}`);
});

server.on('binary', (data, sid) => server.send(sid, data));

server.on('message', (text, sid) => {
  if (text === '/quit') {
    server.close(sid, 1000, 'bye');
    return;
  }
  server.send(`${names.get(sid)}: ${text}`); // to all
});

server.on('close', (reason, sid, code) => {
  server.send(`${names.get(sid)} has gone, ${code}`);
  names.delete(sid);
});

server.on('error', (error) => console.error(`${error.code}: ${error.message}`));

server.listen(httpServer);

process.once('SIGTERM', () => {
  server.close();
  httpServer.close();
});

httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ws://localhost:${httpServer.address().port}/chat`);
});
