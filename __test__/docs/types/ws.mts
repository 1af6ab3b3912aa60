// Code that is written against `@types/ws`: it has to compile by those types, and by ours.

import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import WebSocket, {
  type ClientOptions,
  type CloseEvent,
  createWebSocketStream,
  type MessageEvent,
  type WebSocket as Named,
  type PerMessageDeflateOptions,
  type RawData,
  type ServerOptions,
  WebSocketServer,
} from 'ws';

class Session extends WebSocket {
  user = '';
}

const deflate: PerMessageDeflateOptions = {
  threshold: 1024,
  serverNoContextTakeover: true,
  clientMaxWindowBits: 12,
  concurrencyLimit: 10,
  zlibDeflateOptions: { level: 3, memLevel: 7, chunkSize: 1024 },
  zlibInflateOptions: { chunkSize: 10 * 1024 },
};
const options: ServerOptions = {
  noServer: true,
  perMessageDeflate: deflate,
  handleProtocols: (protocols, request) => (request.url === '/' ? ([...protocols][0] ?? false) : false),
  verifyClient: (info: { origin: string; secure: boolean; req: IncomingMessage }, done) =>
    done(info.secure, 403, 'no', { 'X-A': 'b' }),
};
const server: WebSocketServer = new WebSocketServer(options);
const sessions = new WebSocketServer({ noServer: true, WebSocket: Session });
sessions.on('connection', (session, request) => {
  session.user = request.url ?? '';
});
createServer().on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
  server.handleUpgrade(request, socket, head, (ws) => server.emit('connection', ws, request));
});
server.on('headers', (headers: string[]) => headers.push('X-A: b'));
server.once('listening', () => server.close((error?: Error) => error?.message));
for (const client of server.clients) {
  if (client.readyState === WebSocket.OPEN)
    client.send('all', { binary: false, compress: true }, (error) => error?.name);
}

const settings: ClientOptions = { headers: { a: 'b' }, followRedirects: true, handshakeTimeout: 1000, origin: 'a' };
const ws: WebSocket = new WebSocket(new URL('ws://localhost'), ['a', 'b'], settings);
const named: Named = ws;
ws.binaryType = 'arraybuffer';
ws.on('message', (data: RawData, isBinary: boolean) => named.send(data as Buffer, { binary: isBinary }));
ws.on('close', (code, reason) => console.log(code.toFixed(), reason.toString()));
ws.on('unexpected-response', (request, response) => request.destroy(response.statusMessage ? undefined : new Error()));
ws.addEventListener('message', (event: MessageEvent) => console.log(event.data, event.target.url), { once: true });
ws.onclose = ({ code, reason, wasClean }: CloseEvent) => console.log(code, reason, wasClean);
ws.send(new Float32Array(5), { mask: true });
ws.ping('a', true, (error) => console.log(error));
createWebSocketStream(ws, { encoding: 'utf8' }).pipe(process.stdout);

// @ts-expect-error: an event that is not listened to this way.
ws.addEventListener('other', () => {});
// @ts-expect-error: it is only read.
ws.readyState = ws.OPEN;
// @ts-expect-error: no such type.
ws.binaryType = 'invalid';

/** Every state is named. */
function left(): never | number {
  if (ws.readyState === ws.OPEN || ws.readyState === ws.CONNECTING) return ws.readyState satisfies 0 | 1;
  if (ws.readyState === ws.CLOSING || ws.readyState === ws.CLOSED) return ws.readyState;
  const none: never = ws.readyState;
  return none;
}
left();
