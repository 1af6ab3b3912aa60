// Code that is written against `@types/ws`, as CommonJS has it.

import http = require('node:http');
import WebSocket = require('ws');

const server = new WebSocket.Server({ server: http.createServer(), perMessageDeflate: {} });
const named: WebSocket.WebSocketServer = new WebSocket.WebSocketServer({ port: 0 }, () => named.close());
server.on('connection', (ws: WebSocket, request: http.IncomingMessage) => {
  ws.on('message', (data: WebSocket.RawData) => ws.send(`${request.url}${data}`));
});
const ws: WebSocket.WebSocket = new WebSocket.WebSocket('ws://localhost', { maxPayload: 1024, timeout: 5000 });
ws.onerror = (event: WebSocket.ErrorEvent) => console.log(event.error, event.message);
const later: Parameters<typeof ws.once>[1] = () => {};
ws.once('open', later).off('open', later);
WebSocket.createWebSocketStream(ws).end();
