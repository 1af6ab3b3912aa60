'use strict';

const WebSocket = require('ws');

const server = new WebSocket.WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  client.on('open', () => client.send('required'));
  client.on('message', (data) => {
    console.log(data.toString());
    client.close();
    server.close();
  });
});
server.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })));
module.exports = WebSocket;
