'use strict';

const { WebSocketServer } = require('ws');
const { broadcasts, createServer, decodes, deflates, listen } = require('./common');

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
