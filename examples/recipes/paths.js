'use strict';

// Several paths on one HTTP server: a Server for each, with options of its own.

const http = require('node:http');
const { Server } = require('websockets');

const httpServer = http.createServer((req, res) => res.writeHead(426, { Upgrade: 'websocket' }).end());

/** What is said at /chat is heard by all who are there. */
const chat = new Server({ url: 'ws://localhost/chat', maxPayload: 4096 });
chat.on('message', (text) => chat.send(text));

/** What is sent to /echo comes back. */
const echo = new Server({ url: 'ws://localhost/echo' });
echo.on('message', (text, sid) => echo.send(sid, text));
echo.on('binary', (data, sid) => echo.send(sid, data));

/** Any other path: the first part of it is a channel. */
const channels = new Server({ shouldAccept: (req) => /^\/channels\/[\w-]+$/.test(req.url) || 404 });
const members = new Map(); // channel → sids
const channelOf = new Map(); // sid → channel
channels.on('open', (sid, req) => {
  const channel = req.url.slice('/channels/'.length);
  channelOf.set(sid, channel);
  members.set(channel, (members.get(channel) ?? new Set()).add(sid));
});
channels.on('message', (text, sid) => channels.send([...members.get(channelOf.get(sid))], text));
channels.on('close', (reason, sid) => {
  const channel = channelOf.get(sid);
  channelOf.delete(sid);
  members.get(channel).delete(sid);
  if (members.get(channel).size === 0) members.delete(channel);
});

for (const server of [chat, echo, channels]) {
  server.on('error', (error) => console.error(`${error.code}: ${error.message}`));
  server.listen(httpServer);
}

httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ws://localhost:${httpServer.address().port}`);
});
