'use strict';

// What apps put on a `https.Server` works on one of `createSecureServer`.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const express = require('express');
const { fastify } = require('fastify');
const Koa = require('koa');
const socketIo = require('socket.io');
const socketIoClient = require('socket.io-client');
const ws = require('ws');
const { createSecureServer } = require('../..');
const { selfSigned } = require('../support/certificate');
const { fetched, secured } = require('../support/https');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

test('Express', limit, async (t) => {
  const app = express();
  app.use(express.json());
  app.post('/', (req, res) => res.json({ secure: req.secure, protocol: req.protocol, ip: req.ip, body: req.body }));
  const server = await secured(t, {}, app);
  const headers = { 'Content-Type': 'application/json' };
  const { body } = await fetched(server, { method: 'POST', headers, body: Buffer.from('{"a":1}') });
  assert.deepEqual(JSON.parse(body), { secure: true, protocol: 'https', ip: '127.0.0.1', body: { a: 1 } });
});

test('Koa', limit, async (t) => {
  const app = new Koa();
  app.use((context) => {
    context.body = { secure: context.secure, ip: context.ip };
  });
  const server = await secured(t, {}, app.callback());
  assert.deepEqual(JSON.parse((await fetched(server)).body), { secure: true, ip: '127.0.0.1' });
});

test('Fastify', limit, async (t) => {
  let server;
  const app = fastify({
    serverFactory: (handler) => (server = createSecureServer(selfSigned(), handler)),
    forceCloseConnections: true,
  });
  app.get('/', (request) => ({ protocol: request.protocol, ip: request.ip }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  assert.deepEqual(JSON.parse((await fetched(server)).body), { protocol: 'https', ip: '127.0.0.1' });
});

test('ws', limit, async (t) => {
  const pair = selfSigned();
  const server = await secured(t, pair);
  const sockets = new ws.WebSocketServer({ server });
  t.after(() => {
    for (const client of sockets.clients) client.terminate();
  });
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  const url = `wss://127.0.0.1:${server.address().port}/`;
  const client = new Client(url, { ca: pair.cert, servername: 'localhost' });
  await client.opened;
  client.send('there and back');
  await client.inbox.atLeast('message', 1);
  assert.deepEqual(client.messages, ['there and back']);
  client.destroy();
});

test('socket.io', limit, async (t) => {
  const server = await secured(t);
  const io = new socketIo.Server(server);
  t.after(() => io.close());
  io.on('connection', (socket) => socket.on('ask', (text, answer) => answer(`${text} and back`)));
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const url = `https://127.0.0.1:${server.address().port}`;
    const client = socketIoClient.io(url, { transports, rejectUnauthorized: false, forceNew: true });
    t.after(() => client.disconnect());
    assert.equal(await client.emitWithAck('ask', 'there'), 'there and back');
    client.disconnect();
  }
});

test('the entry for engine.io', limit, async (t) => {
  const server = await secured(t);
  const { Server: wsEngine } = require('../../engine.io.js');
  const io = new socketIo.Server(server, { wsEngine });
  t.after(() => io.close());
  io.on('connection', (socket) => socket.on('ask', (text, answer) => answer(`${text} and back`)));
  const url = `https://127.0.0.1:${server.address().port}`;
  const client = socketIoClient.io(url, { transports: ['websocket'], rejectUnauthorized: false, forceNew: true });
  t.after(() => client.disconnect());
  const connected = once(client, 'connect');
  await connected;
  assert.equal(await client.emitWithAck('ask', 'there'), 'there and back');
});
