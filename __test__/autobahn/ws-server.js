'use strict';

// The server under test, by `websockets/ws`: sends every message back as it came, compressed if the client offers
// that. Prints its URL.

const { WebSocketServer } = require('websockets/ws');

const wss = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 0),
  perMessageDeflate: { threshold: 0 }, // the cases are many of them short
});
wss.on('connection', (webSocket) => {
  webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
});
wss.on('listening', () => console.log(`ws://127.0.0.1:${wss.address().port}`));
