'use strict';

const { server: WebSocketServer } = require('websocket');
const { broadcasts, createServer, listen } = require('./common');

const LARGEST = 16 * 1024 * 1024;

const httpServer = createServer();
const server = new WebSocketServer({
  httpServer,
  autoAcceptConnections: true,
  maxReceivedFrameSize: LARGEST,
  maxReceivedMessageSize: LARGEST,
});

server.on('connect', (connection) => {
  connection.on('message', ({ utf8Data, binaryData }) => {
    const message = utf8Data ?? binaryData;
    if (broadcasts) {
      server.broadcast(message);
    } else {
      connection.send(message);
    }
  });
});
listen(httpServer);
