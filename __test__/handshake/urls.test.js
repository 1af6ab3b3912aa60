'use strict';

// What a Client makes of URLs, and what becomes of their credentials.

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const { describe, test } = require('node:test');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');
const { Base, Client, Upgrade, acceptKey } = require('../..');
const { parseTarget } = require('../../lib/handshake/client/target');
const { targetOf } = require('../../lib/ws/address');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { limit, unixPath } = require('../support/server');

/** What `createUpgradeRequest` says, as a Promise of `[error, socket, options, res]`. */
const created = (url, options) =>
  new Promise((resolve) => Upgrade.createUpgradeRequest(url, options, (...args) => resolve(args)));

test('ws+unix: all behind the first colon is the path', limit, async (t) => {
  const where = unixPath();
  const server = http.createServer();
  const wss = new WebSocketServer({ server });
  const asked = new Inbox(wss, ['connection']);
  await once(server.listen(where), 'listening');
  t.after(() => server.close());
  for (const [rest, path] of [
    [':/room:42?t=10:30', '/room:42?t=10:30'],
    [':/a:b:c', '/a:b:c'],
    [':/', '/'],
    [':', '/'],
    ['', '/'],
    ['?a=b', '/?a=b'],
  ]) {
    const [error, socket] = await created(`ws+unix:${where}${rest}`);
    assert.equal(error, null);
    assert.equal((await asked.next('connection'))[1].url, path);
    socket.destroy();
  }
});

describe('ws+unix: on Windows', () => {
  /** What the URLs lead to there, and the same with the API of ws. */
  const read = (t, platform) => {
    const own = Object.getOwnPropertyDescriptor(process, 'platform');
    t.after(() => Object.defineProperty(process, 'platform', own));
    Object.defineProperty(process, 'platform', { ...own, value: platform });
    return (url) => {
      const { where, path } = parseTarget(url);
      const { socketPath, path: pathOfWs } = targetOf(url);
      assert.deepEqual([socketPath, pathOfWs], [where.socketPath, path]);
      return [where.socketPath, path];
    };
  };

  test('a named pipe', (t) => {
    const at = read(t, 'win32');
    assert.deepEqual(at('ws+unix:\\\\.\\pipe\\chat:/room?a=b'), ['\\\\.\\pipe\\chat', '/room?a=b']);
    assert.deepEqual(at('ws+unix:\\\\.\\pipe\\chat'), ['\\\\.\\pipe\\chat', '/']);
  });

  test('a path with a drive', (t) => {
    const at = read(t, 'win32');
    assert.deepEqual(at('ws+unix:C:\\run\\chat.sock:/room:1'), ['C:\\run\\chat.sock', '/room:1']);
    assert.deepEqual(at('ws+unix:c:/run/chat.sock'), ['c:/run/chat.sock', '/']);
  });

  test('a path as elsewhere', (t) => {
    assert.deepEqual(read(t, 'win32')('ws+unix:/run/chat.sock:/room'), ['/run/chat.sock', '/room']);
  });

  test('elsewhere these are no paths', (t) => {
    read(t, 'linux');
    for (const url of ['ws+unix:\\\\.\\pipe\\chat:/room', 'ws+unix:C:\\run\\chat.sock:/', 'ws+unix:C:/run/chat.sock']) {
      assert.throws(() => parseTarget(url), { code: 'ERR_INVALID_ARG_TYPE' });
    }
  });
});

test('a wrong URL is shown without its credentials', () => {
  const client = new Client();
  for (const url of ['ws://user:secret@host:99999/', 'ftp://user:secret@host/', 'ws://us%20er:secret@host/#a']) {
    for (const take of [
      () => Upgrade.createUpgradeRequest(url),
      () => client.open(url),
      () => new Base({ url: url.replace('#a', '').replace('us%20er', 'us er').replace('ws://us er', 'x://us') }),
      () => client.open({ href: url }),
    ]) {
      assert.throws(take, (error) => /host/.test(error.message) && !/secret|user|us%20er/.test(error.message));
    }
  }
  assert.throws(
    () => client.open(new URL('ftp://user:secret@host/')),
    ({ message }) => !message.includes('secret'),
  );
});

test('an error of several addresses says that of each', limit, async () => {
  const addresses = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  const lookup = (_host, { all }, done) => (all ? done(null, addresses) : done(null, '127.0.0.1', 4));
  const [error] = await created('ws://several.example:1/', { lookup });
  assert.equal(error.code, 'ECONNREFUSED');
  assert.match(error.message, /ECONNREFUSED 127\.0\.0\.1:1/);
  for (const one of error.errors ?? []) assert.ok(error.message.includes(one.message));
});

describe('a redirect', () => {
  /** A server that redirects what has `to` in its search, and upgrades the rest. It keeps what it was asked. */
  async function redirecting(t, pair) {
    const seen = [];
    const server = pair ? https.createServer(pair) : http.createServer();
    server.on('upgrade', (req, socket) => {
      seen.push(req.headers);
      const to = new URL(req.url, 'http://x').searchParams.get('to');
      const key = acceptKey(req.headers['sec-websocket-key']);
      const upgraded = `HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`;
      socket.on('error', () => {});
      socket.end(to === null ? upgraded : `HTTP/1.1 302 Found\r\nLocation: ${to}\r\nContent-Length: 0\r\n\r\n`);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => server.close());
    const at = `127.0.0.1:${server.address().port}`;
    return { seen, at, url: `ws${pair ? 's' : ''}://${at}` };
  }

  const headers = {
    Authorization: 'Bearer x',
    Cookie: 'a=b',
    'X-Api-Key': 'secret',
    'User-Agent': 'test',
    'Accept-Language': 'de',
    Host: 'other.example',
  };
  const asked = { headers, origin: 'https://app.example', maxRedirects: 3 };
  const basic = `Basic ${Buffer.from('user:pass').toString('base64')}`;

  test("on the same host keeps the URL's credentials, unless it has its own", limit, async (t) => {
    const { at, seen } = await redirecting(t);
    for (const [to, authorization] of [
      ['/there', basic],
      [`ws://${at}/there`, basic],
      [`ws://other:one@${at}/there`, `Basic ${Buffer.from('other:one').toString('base64')}`],
    ]) {
      const from = `ws://user:pass@${at}/?to=${encodeURIComponent(to)}`;
      const [error, socket] = await created(from, { maxRedirects: 1 });
      assert.equal(error, null);
      socket.destroy();
      assert.deepEqual([seen.shift().authorization, seen.shift().authorization], [basic, authorization], to);
    }
  });

  test('to another host or port shows it none, and only a few headers', limit, async (t) => {
    const [one, other] = [await redirecting(t), await redirecting(t)];
    const from = `ws://user:pass@${one.at}/?to=${encodeURIComponent(other.url)}`;
    const [error, socket] = await created(from, { ...asked, protocols: undefined });
    assert.equal(error, null);
    socket.destroy();
    const { connection, upgrade, ...rest } = other.seen[0];
    assert.deepEqual([connection, upgrade], ['Upgrade', 'websocket']);
    const names = Object.keys(rest).filter((name) => !name.startsWith('sec-websocket-'));
    assert.deepEqual(names.sort(), ['accept-language', 'host', 'origin', 'user-agent']);
    assert.equal(rest.host, other.at);
  });

  test('shows another host no subprotocol', limit, async (t) => {
    const [one, other] = [await redirecting(t), await redirecting(t)];
    const from = `${one.url}/?to=${encodeURIComponent(other.url)}`;
    const [error, socket] = await created(from, { protocols: ['token-secret'], maxRedirects: 1 });
    assert.equal(error, null);
    socket.destroy();
    assert.equal(one.seen[0]['sec-websocket-protocol'], 'token-secret');
    assert.equal(other.seen[0]['sec-websocket-protocol'], undefined);
  });

  test('takes no exception of TLS along, nor an agent that has one', limit, async (t) => {
    const pair = selfSigned();
    const [one, other] = [await redirecting(t, pair), await redirecting(t, pair)];
    const from = `${one.url}/?to=${encodeURIComponent(other.url)}`;
    for (const options of [
      { rejectUnauthorized: false },
      { ca: pair.cert },
      { agent: new https.Agent({ rejectUnauthorized: false }) },
    ]) {
      const [error] = await created(from, { ...options, maxRedirects: 1 });
      assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
      const [none, socket] = await created(`${one.url}/?to=/there`, { ...options, maxRedirects: 1 });
      assert.equal(none, null);
      socket.destroy();
    }
    assert.equal(other.seen.length, 0);
  });
});
