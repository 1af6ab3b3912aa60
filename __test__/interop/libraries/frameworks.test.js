'use strict';

// Frameworks that have WebSockets by a library that is built on ws.

require('reflect-metadata');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { WsAdapter } = require('@nestjs/platform-ws');
const { SubscribeMessage, WebSocketGateway } = require('@nestjs/websockets');
const express = require('express');
const expressWs = require('express-ws');
const { fastify } = require('fastify');
const fastifyWebsocket = require('@fastify/websocket');
const Koa = require('koa');
const koaWebsocket = require('koa-websocket');
const { limit } = require('../../support/server');
const { WebSocket, WebSocketServer, answer, assertOurs, httpServer, listen, talk } = require('./place');

const DONE = [1000, Buffer.from('done')];

test('express-ws: a route, behind a router and its parameters', limit, async (t) => {
  const app = express();
  const server = httpServer(t, app);
  const { getWss } = expressWs(app, server);
  const router = express.Router();
  const { promise: closed, resolve } = deferred();
  router.ws('/room/:name', (webSocket, request) => {
    assertOurs(webSocket);
    assert.equal(request.params.name, 'lobby');
    resolve(answer(webSocket));
  });
  app.use('/chat', router);
  assertOurs(getWss(), WebSocketServer);
  const url = await listen(server);
  await talk(new WebSocket(`${url}/chat/room/lobby`));
  assert.deepEqual(await closed, DONE);
});

test('@fastify/websocket: a route', limit, async (t) => {
  const app = fastify();
  t.after(() => app.close());
  const { promise: closed, resolve } = deferred();
  await app.register(fastifyWebsocket);
  app.get('/', { websocket: true }, (webSocket) => {
    assertOurs(webSocket);
    resolve(answer(webSocket));
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  assertOurs(app.websocketServer, WebSocketServer);
  await talk(new WebSocket(address));
  assert.deepEqual(await closed, DONE);
});

test('@fastify/websocket: injectWS, which has no network', limit, async (t) => {
  const app = fastify();
  t.after(() => app.close());
  const { promise: closed, resolve } = deferred();
  await app.register(fastifyWebsocket);
  app.get('/', { websocket: true }, (webSocket) => resolve(answer(webSocket)));
  await app.ready();
  const client = await app.injectWS('/');
  assertOurs(client);
  client.send('hello');
  const [data] = await once(client, 'message');
  assert.equal(String(data), 'hello back');
  client.close(1000, 'done');
  assert.deepEqual(await closed, DONE);
});

test('koa-websocket: a middleware', limit, async (t) => {
  const app = koaWebsocket(new Koa());
  const { promise: closed, resolve } = deferred();
  app.ws.use((context) => {
    assertOurs(context.websocket);
    resolve(answer(context.websocket));
  });
  const server = app.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  assertOurs(app.ws.server, WebSocketServer);
  await talk(new WebSocket(`ws://127.0.0.1:${server.address().port}`));
  assert.deepEqual(await closed, DONE);
});

test('@nestjs/platform-ws: a gateway answers an event', limit, async (t) => {
  const { promise: closed, resolve } = deferred();
  const gateway = {
    Gateway: class {
      handleConnection(webSocket) {
        assertOurs(webSocket);
        resolve(once(webSocket, 'close'));
      }

      greet(_webSocket, name) {
        return { event: 'greeting', data: `hello ${name}` };
      }
    },
  }.Gateway;
  const { prototype } = gateway;
  SubscribeMessage('greet')(prototype, 'greet', Object.getOwnPropertyDescriptor(prototype, 'greet'));
  WebSocketGateway()(gateway);
  class App {}
  Module({ providers: [gateway] })(App);
  const app = await NestFactory.create(App, { logger: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  t.after(() => app.close());
  await app.listen(0, '127.0.0.1');
  const client = new WebSocket(`ws://127.0.0.1:${app.getHttpServer().address().port}`);
  await once(client, 'open');
  client.send(JSON.stringify({ event: 'greet', data: 'Ada' }));
  const [data] = await once(client, 'message');
  assert.deepEqual(JSON.parse(data), { event: 'greeting', data: 'hello Ada' });
  client.close(1000, 'done');
  assert.deepEqual(await closed, DONE);
});

/** @returns {{ promise: Promise<any>, resolve: (value: any) => void }} */
function deferred() {
  let resolve;
  const promise = new Promise((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}
