'use strict';

// A dashboard: what this process does, twice a second, to any number of viewers. The page is index.html.
//
//   INTERVAL   ms between two samples (500)

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { Server } = require('websockets');

const INTERVAL = Number(process.env.INTERVAL ?? 500);
const PAGE = fs.readFileSync(path.join(__dirname, 'index.html'));

const httpServer = http.createServer((req, res) => {
  if (req.url !== '/') res.writeHead(404).end();
  else res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE);
});

const viewers = new Server({ url: 'ws://localhost/samples', pingInterval: 15_000, perMessageDeflate: true });
viewers.on('error', (error) => console.error(`${error.code}: ${error.message}`));
viewers.on('open', (sid) => viewers.subscribe(sid, 'samples'));
viewers.listen(httpServer);

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
let before = { at: performance.now(), cpu: process.cpuUsage(), bytes: 0, deliveries: 0 };

function sample() {
  const stats = viewers.stats();
  const { bytesSent: bytes, deliveries } = stats;
  const now = { at: performance.now(), cpu: process.cpuUsage(), bytes, deliveries };
  const seconds = (now.at - before.at) / 1000;
  const busy = now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system;
  const values = {
    viewers: stats.connections,
    'CPU, %': busy / seconds / 10_000,
    'memory, MiB': process.memoryUsage.rss() / 2 ** 20,
    'event loop delay, ms': Math.max(0, delay.max / 1e6 - 10),
    'sent, KiB/s': (now.bytes - before.bytes) / seconds / 1024,
    topics: stats.topics,
    subscriptions: stats.subscriptions,
    'deliveries/s': (now.deliveries - before.deliveries) / seconds,
    skipped: stats.skipped,
  };
  before = now;
  delay.reset();
  return JSON.stringify({ time: Date.now(), values });
}

// A viewer that has much to read still gets fewer samples, not late ones.
const timer = setInterval(() => {
  if (viewers.connections > 0) viewers.publish('samples', sample(), { volatile: true });
}, INTERVAL);

process.once('SIGINT', () => {
  clearInterval(timer);
  viewers.close(() => httpServer.close());
});

httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://localhost:${httpServer.address().port}`);
});
