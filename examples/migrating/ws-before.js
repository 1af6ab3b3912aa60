'use strict';

// A small chat, on `ws`. ws-after.js is the same on this module.

const http = require('node:http');
const { WebSocket, WebSocketServer } = require('ws');

const httpServer = http.createServer((req, res) => res.writeHead(426, { Upgrade: 'websocket' }).end());

const wss = new WebSocketServer({
  server: httpServer,
  path: '/chat',
  maxPayload: 64 * 1024,
  perMessageDeflate: { threshold: 1024 },
  verifyClient: ({ req }, done) => done(nameOf(req) !== '', 403),
});

const nameOf = (req) => new URL(req.url, 'ws://localhost').searchParams.get('name') ?? '';

wss.on('connection', (ws, req) => {
  ws.name = nameOf(req);
  ws.isAlive = true;
  ws.on('pong', () => {
    ws.isAlive = true;
  });

  ws.on('message', (data, isBinary) => {
    if (isBinary) {
      ws.send(data);
      return;
    }
    const text = data.toString();
    if (text === '/quit') {
      ws.close(1000, 'bye');
      return;
    }
    for (const client of wss.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(`${ws.name}: ${text}`);
    }
  });

  ws.on('close', (code) => {
    for (const client of wss.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(`${ws.name} has gone, ${code}`);
    }
  });

  ws.on('error', (error) => console.error(`${error.code}: ${error.message}`));

  ws.send(`hello ${ws.name}, there are ${wss.clients.size}`);
});

const heartbeat = setInterval(() => {
  for (const ws of wss.clients) {
    if (!ws.isAlive) {
      ws.terminate();
    } else {
      ws.isAlive = false;
      ws.ping();
    }
  }
}, 30_000);

process.once('SIGTERM', () => {
  clearInterval(heartbeat);
  for (const ws of wss.clients) ws.close(1001);
  wss.close();
  httpServer.close();
});

httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ws://localhost:${httpServer.address().port}/chat`);
});
