'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { SpanKind } = require('@opentelemetry/api');
const { Client } = require('../..');
const { certificate, serveHttp2 } = require('../support/http2');
const { limit } = require('../support/server');
const { traceHandshakes } = require('../support/spans');

const { spans } = traceHandshakes();

test('over HTTP/2 it is a CONNECT that is answered with 200', limit, async (t) => {
  const { url } = await serveHttp2(t, {}, { secure: true });
  const client = new Client({ ca: certificate().cert, servername: 'localhost', http2: true });
  t.after(() => client.terminate(null));
  await client.openAsync(url);
  const [[ours], [theirs]] = [spans(SpanKind.CLIENT), spans(SpanKind.SERVER)];
  assert.equal(theirs.name, 'CONNECT');
  assert.equal(theirs.attributes['network.protocol.version'], '2');
  assert.equal(theirs.attributes['url.scheme'], 'https');
  for (const { attributes } of [ours, theirs]) {
    assert.equal(attributes['http.response.status_code'], 200);
    assert.equal(attributes['server.address'], new URL(url).hostname);
  }
  assert.equal(theirs.parentSpanContext.spanId, ours.spanContext().spanId);
});
