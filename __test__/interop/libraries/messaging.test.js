'use strict';

// Messages and streams over ws.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const aedes = require('aedes');
const mqtt = require('mqtt');
const Primus = require('primus');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');
const { createWebSocketStream } = require('ws');
const { limit } = require('../../support/server');
const { WebSocketServer, assertOurs, httpServer, listen, serve } = require('./place');

test('socket.io: with the engine that it has itself', limit, async (t) => {
  const server = new Server({ transports: ['websocket'] });
  const web = httpServer(t);
  server.attach(web);
  t.after(() => server.close());
  assertOurs(server.engine.ws, WebSocketServer);
  const url = await listen(web);
  const connected = once(server, 'connection');
  const client = io(url, { transports: ['websocket'], forceNew: true });
  t.after(() => client.disconnect());
  const [socket] = await connected;
  assertOurs(socket.conn.transport.socket);
  socket.on('echo', (text, bytes, back) => back(text, bytes));
  const bytes = Buffer.from([1, 2, 3]);
  const answer = await new Promise((resolve) => client.emit('echo', 'hello', bytes, (...args) => resolve(args)));
  assert.deepEqual(answer, ['hello', bytes]);
  server.emit('news', 'to all');
  const [news] = await new Promise((resolve) => client.once('news', (...args) => resolve(args)));
  assert.equal(news, 'to all');
  const left = once(socket, 'disconnect');
  client.disconnect();
  await left;
});

test('mqtt and aedes: published, and received', limit, async (t) => {
  const broker = aedes();
  t.after(() => broker.close());
  const { server, url } = await serve(t, { handleProtocols: () => 'mqtt' });
  const closed = [];
  server.on('connection', (webSocket, request) => {
    assertOurs(webSocket);
    closed.push(once(webSocket, 'close'));
    broker.handle(createWebSocketStream(webSocket), request);
  });
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
  await client.subscribeAsync('weather');
  const heard = once(client, 'message');
  await client.publishAsync('weather', 'rain', { qos: 1 });
  const [topic, payload] = await heard;
  assert.equal(topic, 'weather');
  assert.equal(String(payload), 'rain');
  await client.endAsync();
  await Promise.all(closed);
  assert.equal(closed.length, 1);
});

test('primus: by its transformer of ws', limit, async (t) => {
  const web = httpServer(t);
  const primus = new Primus(web, { transformer: 'websockets' });
  t.after(() => primus.destroy());
  assertOurs(primus.transformer.service, WebSocketServer);
  primus.on('connection', (spark) => spark.on('data', (data) => spark.write({ back: data })));
  const url = await listen(web);
  const client = new primus.Socket(url.replace('ws:', 'http:'));
  await once(client, 'open');
  client.write('hello');
  const [data] = await once(client, 'data');
  assert.equal(data.back, 'hello');
  const left = once(primus, 'disconnection');
  client.end();
  await left;
});
