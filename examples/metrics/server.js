'use strict';

// An echo server with a page for Prometheus at /metrics.

const http = require('node:http');
const { Server } = require('websockets');
const { Metrics } = require('./prometheus.js');

const echo = new Server({ pingInterval: 30_000 });
echo.on('message', (text, sid) => echo.send(sid, text));
echo.on('binary', (data, sid) => echo.send(sid, data));
echo.on('error', (error) => console.error(`${error.code}: ${error.message}`));

const metrics = new Metrics({ echo });

const httpServer = http.createServer((req, res) => {
  if (req.url !== '/metrics' || req.method !== 'GET') {
    res.writeHead(404).end('There is a WebSocket, and /metrics.\n');
    return;
  }
  res.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metrics.toString());
});

echo.listen(httpServer);
httpServer.listen(Number(process.env.PORT || 3000), '127.0.0.1', () => {
  console.log(`http://localhost:${httpServer.address().port}/metrics`);
});

// Ctrl+C: everybody is told (1001), then the process ends by itself.
process.once('SIGINT', () => echo.close(() => httpServer.close()));
