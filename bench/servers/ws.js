'use strict';

const path = require('node:path');
const { broadcasts, createServer, decodes, deflates, folder, listen } = require('./common');

// `ws`, or this module's entry with its API.
const { WebSocketServer } = require(process.env.BENCH_WS_ENTRY === '1' ? path.join(folder, 'ws.js') : 'ws');

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: deflates });

sockets.on('connection', (socket) => {
  socket.on('message', (data, binary) => {
    const message = decodes && !binary ? data.toString() : data;
    if (broadcasts) {
      for (const client of sockets.clients) client.send(message, { binary });
    } else {
      socket.send(message, { binary });
    }
  });
});
listen(server);
