'use strict';

const assert = require('node:assert/strict');
const { channel } = require('node:diagnostics_channel');
const { once } = require('node:events');
const http = require('node:http');
const { PassThrough } = require('node:stream');
const { test } = require('node:test');
const { Client, Upgrade } = require('../..');
const { limit } = require('../support/server');
const { connect, dial, listening, refused, serve } = require('../support/serve');

const starts = channel('websockets:handshake:start');

/** What the two channels publish until the test ends. */
function follow(t, heard = () => {}) {
  const published = { start: [], end: [] };
  for (const name of ['start', 'end']) {
    const one = channel(`websockets:handshake:${name}`);
    const hear = (message) => {
      published[name].push(message);
      heard(name, message);
    };
    one.subscribe(hear);
    t.after(() => one.unsubscribe(hear));
  }
  return published;
}

test('a handshake is published at its start and at its end, on either side, as one object each', limit, async (t) => {
  const { server, url } = await serve(t, { protocols: 'a' });
  const outcomes = [];
  const published = follow(t, (name, { role, status }) => outcomes.push([role, name, status]));
  const client = new Client({ protocols: 'a' });
  t.after(() => client.close());
  const opened = once(server, 'open');
  await client.openAsync(`${url}path?search`);
  const [, request] = await opened;
  assert.deepEqual(outcomes, [
    ['client', 'start', undefined],
    ['server', 'start', undefined],
    ['server', 'end', 101],
    ['client', 'end', 101],
  ]);
  const [ours, theirs] = published.start;
  assert.deepEqual(published.end, [theirs, ours]);
  assert.equal(published.end[0], theirs);
  assert.deepEqual(ours, { role: 'client', url: `${url}path?search`, headers: {}, status: 101, protocol: 'a' });
  assert.equal(theirs.request, request);
  assert.equal(theirs.protocol, 'a');
  assert.deepEqual([theirs.remoteAddress, theirs.encrypted], ['127.0.0.1', false]);
});

test('a request without a socket is published as any other', limit, async (t) => {
  const published = follow(t);
  const request = Object.assign(new http.IncomingMessage(null), { method: 'GET', url: '/', httpVersion: '1.1' });
  const stream = new PassThrough();
  await new Promise((resolve) => Upgrade.handleUpgradeRequest(request, stream, resolve));
  assert.equal(published.start[0].remoteAddress, undefined);
  assert.equal(published.end.length, 1);
});

test('each request ends once, whatever comes of it', limit, async (t) => {
  const published = follow(t);
  const { url } = await serve(t, { url: 'ws://localhost/chat', maxConnections: 1, origins: 'https://app.example' });
  assert.equal(await refused(`${url}other`), 404);
  assert.equal(await refused(`${url}chat`), 403);
  const client = await connect(`${url}chat`, { origin: 'https://app.example' });
  t.after(() => client.terminate());
  assert.equal(await refused(`${url}chat`, { origin: 'https://app.example' }), 503);
  assert.deepEqual(
    published.end.map(({ status, code, route }) => [status, code, route]),
    [
      [404, 'ERR_WS_INVALID_UPGRADE', undefined],
      [403, 'ERR_WS_UPGRADE_REFUSED', '/chat/'],
      [101, undefined, '/chat/'],
      [503, 'ERR_WS_UPGRADE_REFUSED', undefined],
    ],
  );
  assert.deepEqual(published.start, published.end);
});

test('headers that a subscriber adds are sent, and not to another host', limit, async (t) => {
  const seen = [];
  const { url } = await serve(t, { shouldAccept: ({ headers }) => seen.push(headers.traceparent) > 0 });
  const redirect = await listening(
    t,
    http.createServer().on('upgrade', (req, socket) => {
      seen.push(req.headers.traceparent);
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${url}\r\n\r\n`);
    }),
  );
  follow(t, (name, { role, headers }) => {
    if (name === 'start' && role === 'client') headers.traceparent = '00-1-2-01';
  });
  const client = new Client({ maxRedirects: 1 });
  t.after(() => client.close());
  await client.openAsync(url);
  await client.openAsync(`ws://127.0.0.1:${redirect.port}/`);
  assert.deepEqual(seen, ['00-1-2-01', '00-1-2-01', undefined]);
});

test('a header that a subscriber adds replaces that of the app, in whichever case', limit, async (t) => {
  const seen = [];
  const { url } = await serve(t, {
    shouldAccept: ({ headers }) => seen.push([headers.traceparent, headers['x-other']]) > 0,
  });
  follow(t, (name, { role, headers }) => {
    if (name === 'start' && role === 'client') headers.traceparent = 'theirs';
  });
  const client = new Client({ headers: { TraceParent: ['ours', 'ours too'], 'X-Other': 'stays' } });
  t.after(() => client.terminate(null));
  await client.openAsync(url);
  assert.deepEqual(seen, [['theirs', 'stays']]);
});

test('what a subscriber adds and no request may have is left out, with one warning', limit, async (t) => {
  const seen = [];
  const { url } = await serve(t, { shouldAccept: ({ headers }) => seen.push(headers) > 0 });
  const warnings = [];
  const warned = (warning) => warnings.push(warning.code);
  process.on('warning', warned);
  t.after(() => process.off('warning', warned));
  const wrong = [
    (message) =>
      Object.assign(message.headers, { upgrade: 'h2c', 'not a name': 'x', wrong: 'a\r\nB: c', right: 'yes' }),
    (message) => {
      message.headers.wrong = Symbol('no text');
      message.headers.right = 'yes';
    },
    (message) => {
      message.headers = null;
    },
  ];
  for (const add of wrong) {
    const hear = (message) => message.role === 'client' && add(message);
    starts.subscribe(hear);
    t.after(() => starts.unsubscribe(hear));
    const client = new Client();
    t.after(() => client.terminate(null));
    await client.openAsync(url);
    starts.unsubscribe(hear);
  }
  assert.deepEqual(
    seen.map(({ upgrade, wrong: sent, right, b }) => [upgrade, sent, right, b]),
    [
      ['websocket', undefined, 'yes', undefined],
      ['websocket', undefined, 'yes', undefined],
      ['websocket', undefined, undefined, undefined],
    ],
  );
  assert.deepEqual(warnings, ['WS_INVALID_HEADER']);
});

test('a request whose socket the app destroys after it has accepted it ends, as aborted', limit, async (t) => {
  const published = follow(t);
  const { url } = await serve(t, {
    shouldAccept: ({ socket }) => {
      process.nextTick(() => socket.destroy());
      return true;
    },
  });
  dial(t, url);
  while (published.end.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    published.end.map(({ role, status, code }) => [role, status, code]),
    [['server', undefined, 'ERR_WS_UPGRADE_ABORTED']],
  );
  assert.equal(published.start.length, 1);
});
