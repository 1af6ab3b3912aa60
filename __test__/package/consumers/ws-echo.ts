import type { AddressInfo } from 'node:net';
import WebSocket, { type RawData, type ServerOptions, WebSocketServer } from 'ws';

const options: ServerOptions = { host: '127.0.0.1', port: 0, maxPayload: 1024 };
const server: WebSocketServer = new WebSocketServer(options, () => {
  const { port } = server.address() as AddressInfo;
  const client: WebSocket = new WebSocket(`ws://127.0.0.1:${port}`);
  client.on('open', () => client.send('typed'));
  client.on('message', (data: RawData) => {
    console.log(data.toString());
    client.close();
    server.close();
  });
});
server.on('connection', (ws, request) => {
  console.log(request.url);
  ws.on('message', (data, isBinary) => ws.send(data.toString().toUpperCase(), { binary: isBinary }));
});
