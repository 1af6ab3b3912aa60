'use strict';

// A shutdown that finishes what was begun: no new connections, no new messages, peers are told (1001) and
// have 5 s to answer, then the process ends by itself.

const http = require('node:http');
const { setTimeout: work } = require('node:timers/promises');
const { Server } = require('websockets');

const httpServer = http.createServer((req, res) => {
  // What a load balancer asks: it sends nobody any more once this says 503.
  res.writeHead(stopping ? 503 : 200).end();
});

const sockets = new Server({ closeTimeout: 5000 });
const under = new Set(); // what is under way
let stopping = false;

/** Stands for whatever the app does for a message. */
async function answer(text, sid) {
  await work(50);
  sockets.send(sid, `done: ${text}`);
}

sockets.on('message', (text, sid) => {
  const task = answer(text, sid).finally(() => under.delete(task));
  under.add(task);
});
sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));
sockets.listen(httpServer);

async function stop() {
  stopping = true;
  sockets.pause(null); // nothing new is begun
  await Promise.allSettled(under);
  sockets.close(() => {
    httpServer.close();
    httpServer.closeIdleConnections();
  });
}
process.once('SIGTERM', stop).once('SIGINT', stop);

httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ws://localhost:${httpServer.address().port}`);
});
