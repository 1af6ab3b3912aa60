'use strict';

// A file of any size to any number of peers, each as fast as it reads, with about 1 MiB in memory for each.
//
//   FILE   what is sent; by default this file

const fs = require('node:fs');
const http = require('node:http');
const { Writable, pipeline } = require('node:stream');
const { Server } = require('websockets');

const FILE = process.env.FILE ?? __filename;
const HIGH = 1024 * 1024; // bytes that may wait for one peer

const sockets = new Server();
const outgoing = new Map(); // sid → Outgoing

/** What is written to it becomes binary messages to one peer, and waits while the peer is slow. */
class Outgoing extends Writable {
  #sid;
  #goOn = () => {};

  constructor(sid) {
    super();
    this.#sid = sid;
  }

  _write(chunk, _encoding, callback) {
    sockets.send(this.#sid, chunk);
    if (sockets.bufferedAmount(this.#sid) < HIGH) callback();
    else this.#goOn = callback;
  }

  /** Nothing waits for the peer any more. */
  drained() {
    const goOn = this.#goOn;
    this.#goOn = () => {};
    goOn();
  }
}

sockets.on('open', (sid) => {
  const peer = new Outgoing(sid);
  outgoing.set(sid, peer);
  pipeline(fs.createReadStream(FILE), peer, (error) => {
    // Where the peer is gone there is nothing to close, and nothing is closed.
    if (error) sockets.close(sid, 1011, 'the file cannot be read');
    else sockets.close(sid, 1000, 'that was all');
  });
});
sockets.on('drain', (sid) => outgoing.get(sid).drained());
sockets.on('close', (reason, sid) => {
  outgoing.get(sid).destroy(); // which closes the file, too
  outgoing.delete(sid);
});
sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));

const httpServer = http.createServer((req, res) => res.writeHead(426, { Upgrade: 'websocket' }).end());
sockets.listen(httpServer);
httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ws://localhost:${httpServer.address().port}`);
});
