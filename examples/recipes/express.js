'use strict';

// Express answers requests, and its own HTTP server hands the upgrades over.

const express = require('express');
const { Server } = require('websockets');

const app = express();
const sockets = new Server({ url: 'ws://localhost/live' });

app.get('/', (req, res) => res.send(`${sockets.connections} are listening\n`));
app.post('/say', express.text(), (req, res) => {
  sockets.send(req.body); // to all
  res.sendStatus(204);
});

sockets.on('message', (text, sid) => sockets.send(sid, `you said ${text}`));
sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));

const httpServer = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`http://localhost:${httpServer.address().port}`);
});
sockets.listen(httpServer);
