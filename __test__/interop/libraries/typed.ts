// Code of an app that gives what is of `websockets/ws` to libraries that are typed by `@types/ws`; it is compiled and never run.

import fastifyWebSocket from '@fastify/websocket';
import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import fastify from 'fastify';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocket, WebSocketServer } from '../../../ws.js';

const wss = new WebSocketServer({ noServer: true });

// graphql-ws
useServer({ schema: buildSchema('type Query { hello: String }') }, wss);

// tRPC
const t = initTRPC.create();
const router = t.router({ hello: t.procedure.query(() => 'world') });
const handler = applyWSSHandler({
  wss,
  router,
  createContext: ({ res }) => ({ isOpen: res.readyState === WebSocket.OPEN }),
});
handler.broadcastReconnectNotification();

// Fastify
const app = fastify();
app.register(fastifyWebSocket, { options: { maxPayload: 1024 } });
app.get('/', { websocket: true }, (socket: WebSocket, request) => {
  socket.on('message', (data, isBinary) => socket.send(isBinary ? data : request.url));
});
