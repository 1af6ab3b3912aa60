'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const { context, SpanKind, SpanStatusCode, trace } = require('@opentelemetry/api');
const { Client } = require('../..');
const { limit } = require('../support/server');
const { connect, listening, refused, serve } = require('../support/serve');
const { traceHandshakes } = require('../support/spans');

const { exporter, spans, tracerProvider } = traceHandshakes();

test('a handshake is a span of the client, and below it one of the server', limit, async (t) => {
  exporter.reset();
  const { url } = await serve(t, { url: 'ws://localhost/chat', protocols: 'b' });
  const client = new Client({ protocols: ['a', 'b'] });
  t.after(() => client.close());
  const app = tracerProvider.getTracer('app').startSpan('app');
  const target = `${url.replace('//', '//user:secret@')}chat?token=secret`;
  const sid = await context.with(trace.setSpan(context.active(), app), () => client.openAsync(target));
  assert.equal(client.sockets[sid].protocol, 'b');

  const [[ours], [theirs]] = [spans(SpanKind.CLIENT), spans(SpanKind.SERVER)];
  const { host, port } = new URL(url);
  assert.equal(ours.name, 'GET');
  assert.deepEqual(ours.attributes, {
    'http.request.method': 'GET',
    'url.full': `ws://${host}/chat`,
    'url.scheme': 'ws',
    'server.address': '127.0.0.1',
    'server.port': Number(port),
    'http.response.status_code': 101,
  });
  assert.equal(ours.status.code, SpanStatusCode.UNSET);
  assert.equal(ours.parentSpanContext.spanId, app.spanContext().spanId);

  assert.equal(theirs.name, 'GET /chat/');
  const { 'client.address': address, ...attributes } = theirs.attributes;
  assert.match(address, /127\.0\.0\.1/);
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'http.route': '/chat/',
    'url.path': '/chat',
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
    'server.port': Number(port),
    'network.protocol.version': '1.1',
    'http.response.status_code': 101,
  });
  assert.equal(theirs.parentSpanContext.spanId, ours.spanContext().spanId);
  assert.equal(theirs.spanContext().traceId, app.spanContext().traceId);
});

test('a refusal is no fault of the server, and a failure of its functions is', limit, async (t) => {
  exporter.reset();
  const { url } = await serve(t, {
    shouldAccept: ({ url: path }) => {
      if (path === '/wrong') throw new Error('mine');
      return path === '/yes';
    },
  });
  (await connect(`${url}yes`)).terminate();
  assert.equal(await refused(`${url}no`), 403);
  assert.equal(await refused(`${url}wrong`), 500);
  assert.deepEqual(
    spans(SpanKind.SERVER).map(({ name, attributes, status }) => [
      name,
      attributes['http.response.status_code'],
      attributes['error.type'],
      status.code,
    ]),
    [
      ['GET', 101, undefined, SpanStatusCode.UNSET],
      ['GET', 403, undefined, SpanStatusCode.UNSET],
      ['GET', 500, '500', SpanStatusCode.ERROR],
    ],
  );
});

test('what is refused before it is looked at has a span as well', limit, async (t) => {
  exporter.reset();
  const { url } = await serve(t, { maxConnections: 1 });
  const first = await connect(url);
  t.after(() => first.terminate());
  assert.equal(await refused(url), 503);
  assert.deepEqual(
    spans(SpanKind.SERVER).map(({ attributes }) => attributes['http.response.status_code']),
    [101, 503],
  );
});

test('a client that leaves before the answer ends the span', limit, async (t) => {
  exporter.reset();
  let asked;
  const isAsked = new Promise((resolve) => {
    asked = resolve;
  });
  const { server, port } = await serve(t, { shouldAccept: () => new Promise(() => asked()) });
  const socket = net.connect(port, '127.0.0.1');
  const lines = ['GET / HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  socket.write([...lines, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '\r\n'].join('\r\n'));
  await isAsked;
  socket.destroy();
  while (spans(SpanKind.SERVER).length === 0) await new Promise(setImmediate);
  const [{ attributes, status }] = spans(SpanKind.SERVER);
  assert.deepEqual([attributes['error.type'], status.code], ['ERR_WS_UPGRADE_ABORTED', SpanStatusCode.ERROR]);
  assert.equal(attributes['http.response.status_code'], undefined);
  assert.equal(server.connections, 0);
});

test("a client's span says why nothing came of it", limit, async (t) => {
  exporter.reset();
  const { port } = await listening(
    t,
    http.createServer((_req, res) => res.writeHead(404).end()),
  );
  const client = new Client();
  client.on('error', () => {});
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const nobody = free.address().port;
  free.close();
  await once(free, 'close');
  await assert.rejects(client.openAsync(`ws://127.0.0.1:${port}/`));
  await assert.rejects(client.openAsync(`ws://127.0.0.1:${nobody}/`));
  assert.throws(() => client.open(`ws://127.0.0.1:${nobody}/`, { agent: 'none' }));
  assert.deepEqual(
    spans(SpanKind.CLIENT).map(({ attributes, status }) => [attributes['error.type'], status.code]),
    [
      ['404', SpanStatusCode.ERROR],
      ['ECONNREFUSED', SpanStatusCode.ERROR],
      ['ERR_INVALID_ARG_TYPE', SpanStatusCode.ERROR],
    ],
  );
});
