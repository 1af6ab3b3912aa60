'use strict';

// One process of a chat that may run as any number of them, on one machine or on several: what is said in one is heard in
// all, by way of Redis. start.js starts two of them, and a Redis.
//
//   PORT       where to listen (3000); 0 picks a free port
//   HOST       on which address (127.0.0.1: this machine only; 0.0.0.0 for the whole network)
//   REDIS_URL  where Redis is (redis://127.0.0.1:6379)

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { Server } = require('websockets');
const { redis } = require('websockets/redis');

const page = fs.readFileSync(path.join(__dirname, 'index.html'));
const httpServer = http.createServer((req, res) => {
  if (req.url === '/') res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
  else res.writeHead(404).end();
});

const backplane = redis(process.env.REDIS_URL || 'redis://127.0.0.1:6379', { prefix: 'chat' });
const server = new Server({
  backplane,
  maxPayload: 16 * 1024,
  pingInterval: 20_000,
  origins: (origin, req) => origin === undefined || new URL(origin).host === req.headers.host,
});

server.on('open', (sid) => {
  server.subscribe(sid, 'chat');
  server.publish('chat', `somebody has come, to process ${process.pid}`);
});
server.on('message', (text) => server.publish('chat', text));
server.on('close', () => server.publish('chat', 'somebody has left'));
server.on('error', (error) => console.error(`${error.code}: ${error.message}`));

// Without Redis the chat goes on within each process. Those who are here are told.
server.on('backplane', (state, error) => {
  console.error(state === 'up' ? 'Redis is there.' : `Redis is not there: ${error.message}`);
  const news = state === 'up' ? 'everybody hears you' : 'those at other processes do not hear you now';
  server.publish('chat', news, { local: true });
});

process.once('SIGTERM', () => {
  server.close(() => {
    httpServer.close();
    backplane.close();
  });
});

server.listen(httpServer);
httpServer.listen(Number(process.env.PORT || 3000), process.env.HOST || '127.0.0.1', () => {
  console.log(`http://localhost:${httpServer.address().port}`);
});
