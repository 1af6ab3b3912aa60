'use strict';

// What `server.listen` is given by mistake.

const assert = require('node:assert/strict');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const { test } = require('node:test');
const { EventEmitter, once } = require('node:events');
const { WebSocket } = require('ws');
const { Server } = require('../..');
const { selfSigned } = require('../support/certificate');
const { limit } = require('../support/server');

test('a port that is none leaves nothing behind', limit, async () => {
  const server = new Server();
  for (const [args, code] of [
    [[70_000], 'ERR_SOCKET_BAD_PORT'],
    [[-1], 'ERR_SOCKET_BAD_PORT'],
    [[{}], 'ERR_INVALID_ARG_VALUE'],
    [[true], 'ERR_INVALID_ARG_VALUE'],
  ]) {
    assert.throws(() => server.listen(...args), { code });
    assert.equal(server.address(), null);
  }
  // It has no HTTP server left to wait for, and can listen.
  await new Promise((resolve) => server.close(resolve));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  await new Promise((resolve) => server.close(resolve));
});

test('an app of a framework is a TypeError that says what to pass', () => {
  const listen = () => {};
  const plain = (_req, res) => res.end();
  // As those of Express, Fastify and Koa are made.
  const express = Object.assign((_req, _res, next) => next(), { listen });
  const fastify = { listen, server: http.createServer() };
  const koa = Object.assign(new EventEmitter(), { listen, callback: () => plain });
  for (const app of [express, fastify, koa, koa.callback(), plain]) {
    const server = new Server();
    assert.throws(() => server.listen(app), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /"httpServer".*http\.createServer\(app\)/,
    });
    assert.equal(server.address(), null);
  }
});

test('a callback alone is for a port of the system', limit, async () => {
  const server = new Server();
  await new Promise((resolve) => server.listen(resolve));
  assert.ok(server.address().port > 0);
  await new Promise((resolve) => server.close(resolve));
});

test("on an HTTP/2 server clients of HTTP/1.1 are upgraded, and plain requests are the app's", limit, async (t) => {
  const pair = selfSigned();
  const httpServer = http2.createSecureServer({ ...pair, allowHTTP1: true }, (_req, res) => res.end('the app'));
  const server = new Server().listen(httpServer);
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.terminate(null).close();
    httpServer.close();
  });
  const { port } = httpServer.address();
  const client = new WebSocket(`wss://localhost:${port}/`, { rejectUnauthorized: false });
  await once(client, 'open');
  client.terminate();
  const session = http2.connect(`https://localhost:${port}`, { rejectUnauthorized: false });
  const [headers] = await once(session.request({ ':path': '/' }), 'response');
  assert.equal(headers[':status'], 200);
  session.destroy();
});

test('HTTP and HTTPS servers are taken as they are', () => {
  for (const httpServer of [http.createServer(), https.createServer()]) {
    const server = new Server().listen(httpServer);
    assert.equal(httpServer.listenerCount('upgrade'), 1);
    server.close();
  }
});
