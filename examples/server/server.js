'use strict';

// A room on the path /room: who is in it hears what the others say. Server answers the upgrade requests.

const http = require('node:http');
const { Server } = require('websockets');

const httpServer = http.createServer((req, res) => res.writeHead(404).end('There is only a WebSocket, at /room.\n'));

const room = new Server({
  url: 'ws://localhost/room',
  maxConnections: 1000,
  // A name is the ticket: /room?name=ada
  shouldAccept: (req) => nameOf(req) !== '' || { status: 403, body: 'Say who you are: /room?name=ada\n' },
});

const nameOf = (req) => new URL(req.url, 'ws://localhost').searchParams.get('name') ?? '';
const names = new Map();
const others = (sid) => room.socketsHistory.filter((other) => other !== sid);

room.on('open', (sid, req) => {
  names.set(sid, nameOf(req));
  room.send(others(sid), `${names.get(sid)} has come`);
});
room.on('message', (text, sid) => room.send(others(sid), `${names.get(sid)}: ${text}`));
room.on('close', (reason, sid) => {
  room.send(`${names.get(sid)} has gone`);
  names.delete(sid);
});
room.on('error', (error) => console.error(`${error.code}: ${error.message}`));
room.listen(httpServer);

httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ws://localhost:${httpServer.address().port}/room`);
});

// Ctrl+C: everybody is told (1001), then the process ends by itself.
process.once('SIGINT', () => room.close(() => httpServer.close()));
