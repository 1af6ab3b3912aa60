'use strict';

// The chat: an HTTP server that hands its upgraded sockets to Base.
//
//   PORT  where to listen (3000); 0 picks a free port
//   HOST  on which address (127.0.0.1: this machine only; 0.0.0.0 for the whole network)

const http = require('node:http');
const { Base } = require('websockets');
const Pinger = require('./pinger');
const Room = require('./room');
const { MAX_MESSAGE_BYTES } = require('./messages');
const files = require('./files');
const upgrade = require('./upgrade');

const host = process.env.HOST || '127.0.0.1';
const port = process.env.PORT || '3000';

/** Ends a start that failed, with a word on what to do. @param {string} why */
function giveUp(why) {
  console.error(why);
  process.exit(1);
}

if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) giveUp(`PORT is a number from 0 to 65535, not "${port}".`);

const base = new Base({
  maxConnections: 1000,
  maxPayload: MAX_MESSAGE_BYTES,
  pingInterval: 20_000, // who has vanished without a word leaves the list after twice that
});
base.on('error', (error) => console.error(`${error.sid}: ${error.message}`));

const pinger = new Pinger(base);
new Room(base, pinger);

const server = http.createServer(files);
server.on('upgrade', (req, socket, head) => upgrade(base, req, socket, head));

server.on('error', (error) => {
  const why = {
    EACCES: `Port ${port} may not be opened by this user. Choose another one: PORT=3001 npm start`,
    EADDRINUSE: `Port ${port} is taken. Choose another one: PORT=3001 npm start`,
    EADDRNOTAVAIL: `This machine has no address ${host}; 127.0.0.1 is always there.`,
  };
  if (server.listening) console.error(error.message);
  else giveUp(why[error.code] ?? error.message);
});

/** Says goodbye to everybody (1001, going away). Node ends by itself when the last one is gone. */
function stop() {
  console.log('\nClosing. Once more to end at once.');
  process.once('SIGINT', () => process.exit(1)).once('SIGTERM', () => process.exit(1));
  pinger.stop();
  server.close();
  server.closeAllConnections?.(); // browsers keep idle ones open; sockets handed over are not among them
  base.close();
}

server.listen(Number(port), host, () => {
  const name = host === '127.0.0.1' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  process.once('SIGINT', stop).once('SIGTERM', stop);
  console.log(`http://${name}:${server.address().port}`);
});
