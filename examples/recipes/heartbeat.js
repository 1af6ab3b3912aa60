'use strict';

// Peers that vanish without a word are noticed, and how long a round trip takes is known. Browsers answer
// pings by themselves.
//
//   INTERVAL   ms; a peer that is silent for it gets a ping, one that is silent for as long again is dropped

const http = require('node:http');
const { performance } = require('node:perf_hooks');
const { Server } = require('websockets');

const INTERVAL = Number(process.env.INTERVAL ?? 15_000);

// The I/O threads do this: it costs JavaScript nothing, and a busy event loop does not disturb it.
const sockets = new Server({ pingInterval: INTERVAL });
sockets.on('close', (reason, sid, code, wasClean) => console.log(wasClean ? 'closed' : 'lost'));

// Where the times are of interest as well, the app pings, with the time as the ping's data.
const timer = setInterval(() => sockets.ping(String(performance.now())), INTERVAL);
timer.unref();
sockets.on('pong', (text, sid) => {
  const ms = performance.now() - Number(text);
  if (Number.isFinite(ms) && ms >= 0) sockets.send(sid, JSON.stringify({ roundTrip: ms }));
});

sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));

const httpServer = http.createServer((req, res) => res.writeHead(426, { Upgrade: 'websocket' }).end());
sockets.listen(httpServer);
httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ws://localhost:${httpServer.address().port}`);
});
