'use strict';

// node:cluster: several processes listen on one port, and what one of them is told all peers hear. For more
// throughput it takes no cluster: the I/O threads use the cores. It is for JavaScript that takes long, and
// for a process that may fail.
//
//   WORKERS   how many processes (2)

const cluster = require('node:cluster');
const http = require('node:http');
const { Server } = require('websockets');
const backplane = require('websockets/cluster');

function primary() {
  const count = Number(process.env.WORKERS ?? 2);
  const listening = new Set();
  let reported = false;
  let stopping = false;
  backplane.primary(); // what a worker publishes goes to the others through the primary
  for (let i = 0; i < count; i += 1) cluster.fork();
  cluster.on('listening', (worker, { port }) => {
    listening.add(worker.id);
    if (!reported && listening.size === count) {
      reported = true;
      console.log(`ws://localhost:${port}`);
    }
  });
  cluster.on('exit', ({ id }) => {
    if (stopping) return;
    if (listening.delete(id))
      cluster.fork(); // its clients come back to another
    else process.exitCode = 1; // it cannot listen, and no more could another
  });
  process.once('SIGTERM', () => {
    stopping = true;
    for (const worker of Object.values(cluster.workers)) worker.send({ stop: true }, () => {}); // it may be gone
  });
}

function worker() {
  const httpServer = http.createServer((req, res) => res.writeHead(426, { Upgrade: 'websocket' }).end());
  const workers = backplane();
  const sockets = new Server({ backplane: workers });
  sockets.on('open', (sid) => {
    sockets.subscribe(sid, 'all').send(sid, `worker ${cluster.worker.id}`);
  });
  sockets.on('message', (text) => sockets.publish('all', text));
  sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));
  process.on('message', ({ stop }) => {
    if (stop) sockets.close(() => httpServer.close(() => workers.close().then(() => process.disconnect())));
  });
  process.on('SIGTERM', () => {}); // whoever signals the whole group: the primary says when to stop
  sockets.listen(httpServer);
  httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
}

if (cluster.isPrimary) primary();
else worker();
