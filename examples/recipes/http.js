'use strict';

// node:http alone: pages and WebSockets on one port.

const http = require('node:http');
const { Server } = require('websockets');

const httpServer = http.createServer((req, res) => res.end('hello over HTTP\n'));

const sockets = new Server();
sockets.on('open', (sid, req) => sockets.send(sid, `hello over WebSocket, you asked for ${req.url}`));
sockets.on('message', (text, sid) => sockets.send(sid, text));
sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));
sockets.listen(httpServer);

httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://localhost:${httpServer.address().port}`);
});
