'use strict';

// node:cluster: several processes listen on one port, and what one of them is told all peers hear. For more
// throughput it takes no cluster: the I/O threads use the cores. It is for JavaScript that takes long, and
// for a process that may fail.
//
//   WORKERS   how many processes (2)

const cluster = require('node:cluster');
const http = require('node:http');
const { Server } = require('websockets');

function primary() {
  const count = Number(process.env.WORKERS ?? 2);
  let listening = 0;
  let stopping = false;
  for (let i = 0; i < count; i += 1) cluster.fork();
  // What a worker hears goes to the others through the primary.
  cluster.on('message', (from, message) => {
    for (const worker of Object.values(cluster.workers)) {
      if (worker !== from && worker.isConnected()) worker.send(message);
    }
  });
  cluster.on('listening', (worker, { port }) => {
    listening += 1;
    if (listening === count) console.log(`ws://localhost:${port}`);
  });
  cluster.on('exit', () => {
    if (!stopping) cluster.fork(); // its clients come back to another
  });
  process.once('SIGTERM', () => {
    stopping = true;
    for (const worker of Object.values(cluster.workers)) worker.send({ stop: true });
  });
}

function worker() {
  const httpServer = http.createServer();
  const sockets = new Server();
  sockets.on('open', (sid) => sockets.send(sid, `worker ${cluster.worker.id}`));
  sockets.on('message', (text) => {
    sockets.send(text);
    process.send({ text });
  });
  sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));
  process.on('message', ({ text, stop }) => {
    if (text !== undefined) sockets.send(text);
    if (stop) sockets.close(() => httpServer.close(() => process.disconnect()));
  });
  sockets.listen(httpServer);
  httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
}

if (cluster.isPrimary) primary();
else worker();
