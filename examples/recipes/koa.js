'use strict';

// Koa is a function for node:http: the HTTP server is the app's own.

const http = require('node:http');
const Koa = require('koa');
const { Server } = require('websockets');

const app = new Koa();
const sockets = new Server({ url: 'ws://localhost/live' });

app.use((ctx) => {
  ctx.body = `${sockets.connections} are listening\n`;
});

sockets.on('message', (text, sid) => sockets.send(sid, `you said ${text}`));
sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));

const httpServer = http.createServer(app.callback());
sockets.listen(httpServer);
httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://localhost:${httpServer.address().port}`);
});
