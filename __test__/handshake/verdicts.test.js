'use strict';

// What `shouldAccept` says beyond yes and no, and what becomes of its failures.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { once } = require('node:events');
const http = require('node:http');
const { Server, Upgrade } = require('../..');
const { Inbox } = require('../support/inbox');
const { exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');

/** A Server that listens, and is gone when the test ends. */
async function serve(t, options, names = ['open', 'error']) {
  const server = new Server(options);
  const events = new Inbox(server, names);
  t.after(() => server.terminate(null).close());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, events, port: server.address().port };
}

const offering = (protocol) => requestText({ headers: { 'Sec-WebSocket-Protocol': protocol } });

test('headers of one response, a subprotocol, and data for the connection', limit, async (t) => {
  const users = { '/a': 'Ada', '/b': 'Bob' };
  const { server, events, port } = await serve(t, {
    headers: { 'X-All': '1' },
    protocols: ['chat'],
    shouldAccept: async ({ url }) => ({
      headers: { 'Set-Cookie': [`user=${users[url]}`, 'seen=1'] },
      protocol: 'news',
      data: { name: users[url] },
    }),
  });
  for (const [path, name] of Object.entries(users)) {
    const line = `GET ${path} HTTP/1.1`;
    const text = requestText({ line, headers: { 'Sec-WebSocket-Protocol': 'chat, news' } });
    const { status, headers, socket } = await exchange(port, text);
    assert.deepEqual(
      [status, headers['x-all'], headers['set-cookie'], headers['sec-websocket-protocol']],
      [101, '1', 'seen=1', 'news'], // the first of the cookies is a line of its own
    );
    const [sid] = await events.next('open');
    assert.deepEqual([server.sockets[sid].data, server.sockets[sid].protocol], [{ name }, 'news']);
    socket.destroy();
  }
});

test('each of them alone; what is not given is as the options have it', limit, async (t) => {
  for (const [verdict, cookie, protocol, data] of [
    [{ headers: { 'Set-Cookie': 'a=1' } }, 'a=1', 'chat', undefined],
    [{ protocol: 'news' }, undefined, 'news', undefined],
    [{ protocol: '' }, undefined, undefined, undefined],
    [{ protocol: null }, undefined, undefined, undefined],
    [{ data: 5 }, undefined, 'chat', 5],
    [{ data: undefined }, undefined, 'chat', undefined],
  ]) {
    const { server, events, port } = await serve(t, { protocols: ['chat'], shouldAccept: () => verdict });
    const { status, headers, socket } = await exchange(port, offering('news, chat'));
    assert.deepEqual(
      [status, headers['set-cookie'], headers['sec-websocket-protocol']],
      [101, cookie, protocol],
      JSON.stringify(verdict),
    );
    const [sid] = await events.next('open');
    assert.equal(server.sockets[sid].data, data);
    socket.destroy();
  }
});

test('the options for assignSocket have the data', limit, async (t) => {
  const httpServer = http.createServer();
  const results = new Inbox(httpServer, ['result']);
  const data = { name: 'Ada' };
  httpServer.on('upgrade', (req, socket) => {
    const done = (...args) => httpServer.emit('result', ...args);
    Upgrade.handleUpgradeRequest(req, socket, { shouldAccept: () => ({ data }) }, done);
  });
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  t.after(() => httpServer.close());
  (await exchange(httpServer.address().port, requestText())).socket.destroy();
  const [error, socket, options] = await results.next('result');
  assert.equal(error, null);
  assert.equal(options.data, data);
  socket.destroy();
});

test('what is neither a refusal nor an acceptance accepts nobody, and the error says what is', limit, async (t) => {
  for (const verdict of [
    undefined,
    null,
    'yes',
    {},
    [],
    { id: 1, name: 'Ada' },
    { ok: false },
    { headers: {}, status: 403, data: 1 },
    { body: 'no', protocol: 'chat' },
    { headers: { Upgrade: 'x' } },
    { protocol: 'other' },
    { protocol: 5 },
  ]) {
    const { events, port } = await serve(t, { shouldAccept: () => verdict });
    assert.equal((await exchange(port, offering('chat'))).status, 500, JSON.stringify(verdict));
    const [error] = await events.next('error');
    assert.equal(error.code, 'ERR_WS_UPGRADE_FAILED');
    assert.match(error.cause.message, /"shouldAccept"/);
  }
  const { events, port } = await serve(t, { shouldAccept() {} });
  await exchange(port, requestText());
  const [{ cause }] = await events.next('error');
  assert.match(cause.message, /must be true, \{ headers, protocol, data \}.*false, a status.*Received undefined/);
});

test('a failure that nobody listens to is one warning, with the stack', limit, async (t) => {
  const warnings = new Inbox(process, ['warning']);
  for (const shouldAccept of [
    function throwing() {
      throw new Error('from the app');
    },
    async function rejecting() {
      throw new Error('from the app');
    },
  ]) {
    const { port } = await serve(t, { shouldAccept }, ['open']);
    assert.equal((await exchange(port, requestText())).status, 500);
    const [warning] = await warnings.next('warning');
    assert.equal(warning.code, 'ERR_WS_UPGRADE_FAILED');
    assert.match(warning.message, /from the app/);
    assert.match(warning.detail, new RegExp(`at .*${shouldAccept.name}`));
    assert.equal((await exchange(port, requestText())).status, 500);
  }
  const silent = await serve(t, { shouldAccept() {} }, ['open']);
  await exchange(silent.port, requestText());
  assert.match((await warnings.next('warning'))[0].message, /"shouldAccept" must be true/);
  const heard = await serve(t, { shouldAccept() {} });
  await exchange(heard.port, requestText());
  await heard.events.next('error');
  const refusing = await serve(t, { shouldAccept: () => 403 }, ['open']);
  await exchange(refusing.port, requestText());
  await new Promise(setImmediate);
  assert.equal(warnings.list('warning').length, 3);
});
