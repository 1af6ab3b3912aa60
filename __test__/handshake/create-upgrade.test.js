'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const { after, before, describe, test } = require('node:test');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');
const { Base, Upgrade, acceptKey } = require('../..');
const { selfSigned } = require('../support/certificate');
const { limit, unixPath } = require('../support/server');
const { listening } = require('../support/serve');

const { createUpgradeRequest } = Upgrade;

/** What `createUpgradeRequest` says, as a Promise of `[error, socket, options, res]`. */
const created = (url, options) =>
  new Promise((resolve) => createUpgradeRequest(url, options, (...args) => resolve(args)));

describe('createUpgradeRequest', () => {
  let wss;
  let url;
  before(async () => {
    wss = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (names) => [...names].at(-1) });
    wss.on('connection', (socket, req) => socket.send(JSON.stringify({ url: req.url, headers: req.headers })));
    await once(wss, 'listening');
    url = `ws://127.0.0.1:${wss.address().port}`;
  });
  after(() => {
    for (const client of wss.clients) client.terminate();
    wss.close();
  });

  /** What the server of ws says of a request. */
  async function told(where, options) {
    const base = new Base();
    const [error, socket, assign, res] = await created(where, options);
    assert.equal(error, null);
    assert.equal(res.statusCode, 101);
    const message = once(base, 'message');
    const sid = base.assignSocket(socket, assign);
    const { mask, protocol } = base.sockets[sid];
    assert.equal(mask, true);
    const [text] = await message;
    base.terminate(sid);
    return { protocol, ...JSON.parse(text) };
  }

  test('opens a connection to a server of ws', limit, async () => {
    const {
      headers,
      protocol,
      url: path,
    } = await told(`${url}/a/b?c=d`, {
      protocols: ['x', 'y'],
      origin: 'https://a.example',
      headers: { Cookie: 'a=b', 'X-More': ['1', '2'] },
    });
    assert.deepEqual([protocol, path], ['y', '/a/b?c=d']);
    assert.equal(headers.host, new URL(url).host);
    assert.equal(headers.origin, 'https://a.example');
    assert.equal(headers.cookie, 'a=b');
    assert.equal(headers['x-more'], '1, 2');
    assert.equal(headers['sec-websocket-protocol'], 'x, y');
    assert.equal(headers['sec-websocket-extensions'], undefined);
    assert.equal(headers.authorization, undefined);
    assert.match(headers['sec-websocket-key'], /^[A-Za-z0-9+/]{22}==$/);
  });

  test('http: will do, and a URL has credentials', limit, async () => {
    const { headers, url: path } = await told(url.replace('ws://', 'http://us%20er:pa%3Ass@'), undefined);
    assert.equal(path, '/');
    assert.equal(Buffer.from(headers.authorization.split(' ')[1], 'base64').toString(), 'us er:pa:ss');
  });

  test('each request has a key of its own', limit, async () => {
    const keys = [await told(url), await told(url)].map(({ headers }) => headers['sec-websocket-key']);
    assert.notEqual(keys[0], keys[1]);
  });

  test("an agent of the app's is used", limit, async () => {
    const agent = new http.Agent();
    let used = 0;
    const { createConnection } = agent;
    agent.createConnection = (...args) => {
      used++;
      return createConnection.apply(agent, args);
    };
    await told(url, { agent });
    assert.equal(used, 1);
  });

  test('ws+unix:, as ws spells it', limit, async (t) => {
    const path = unixPath();
    const { server } = await listening(t, http.createServer(), { path });
    const own = new WebSocketServer({ server });
    own.on('connection', (socket, req) => socket.send(JSON.stringify({ url: req.url, headers: req.headers })));
    assert.equal((await told(`ws+unix:${path}:/a?b=c`)).url, '/a?b=c');
    const { headers, url: root } = await told(`ws+unix:${path}`);
    assert.deepEqual([root, headers.host], ['/', 'localhost']);
  });

  test('wss:, with the TLS options of Node', limit, async (t) => {
    const pair = selfSigned();
    const { port, server } = await listening(t, https.createServer(pair));
    const own = new WebSocketServer({ server });
    own.on('connection', (socket, req) => socket.send(JSON.stringify({ url: req.url, headers: req.headers })));
    const secure = `wss://127.0.0.1:${port}/`;
    assert.equal((await told(secure, { ca: pair.cert })).url, '/');
    assert.equal((await told(secure, { rejectUnauthorized: false })).url, '/');
    assert.equal((await told(secure.replace('wss', 'https'), { ca: pair.cert, servername: 'localhost' })).url, '/');
    const [untrusted] = await created(secure);
    assert.equal(untrusted.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    const [other] = await created(secure, { ca: pair.cert, servername: 'other.example' });
    assert.equal(other.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('a refusal is an error with status, headers and an excerpt', limit, async (t) => {
    const { port } = await listening(
      t,
      http.createServer((req, res) => {
        res.writeHead(req.url === '/long' ? 503 : 403, { 'X-Why': 'because' });
        if (req.url === '/long')
          res.write('x'.repeat(5000)); // and no end
        else res.end('you may not');
      }),
    );
    const [short, socket, options] = await created(`ws://127.0.0.1:${port}/`);
    assert.deepEqual(
      [short.code, short.statusCode, short.headers['x-why'], short.body],
      ['ERR_WS_UNEXPECTED_RESPONSE', 403, 'because', 'you may not'],
    );
    assert.deepEqual([socket, options], [undefined, undefined]);
    const [long] = await created(`ws://127.0.0.1:${port}/long`);
    assert.deepEqual([long.statusCode, long.body], [503, 'x'.repeat(1024)]);
  });

  test('a server that does not answer is not waited for longer than handshakeTimeout', limit, async (t) => {
    const { port } = await listening(
      t,
      http.createServer(() => {}),
    );
    const [error] = await created(`ws://127.0.0.1:${port}/`, { handshakeTimeout: 50 });
    assert.equal(error.code, 'ERR_WS_HANDSHAKE_TIMEOUT');
    const { port: dripping } = await listening(
      t,
      http.createServer((_req, res) => res.writeHead(500).write('and')),
    );
    const [late] = await created(`ws://127.0.0.1:${dripping}/`, { handshakeTimeout: 50 });
    assert.deepEqual([late.code, late.statusCode, late.body], ['ERR_WS_UNEXPECTED_RESPONSE', 500, 'and']);
  });

  test('a signal ends the handshake, not the connection', limit, async (t) => {
    const { port, server } = await listening(t, http.createServer());
    const aborting = new AbortController();
    server.once('request', () => aborting.abort());
    const [error] = await created(`ws://127.0.0.1:${port}/`, { signal: aborting.signal });
    assert.equal(error.name, 'AbortError');
    assert.equal((await created(url, { signal: AbortSignal.abort() }))[0].name, 'AbortError');
    assert.equal((await created(url, { signal: AbortSignal.abort(null) }))[0].code, 'ABORT_ERR');
    const later = new AbortController();
    const [none, socket, options] = await created(url, { signal: later.signal });
    later.abort();
    assert.deepEqual([none, socket.destroyed, options.signal], [null, false, undefined]);
    socket.destroy();
  });

  test("nobody listens: the system's error", limit, async (t) => {
    const { port, server } = await listening(t, http.createServer());
    server.close();
    await once(server, 'close');
    assert.equal((await created(`ws://127.0.0.1:${port}/`))[0].code, 'ECONNREFUSED');
    assert.equal((await created(`ws+unix:${unixPath()}:/`))[0].code, 'ENOENT');
  });

  test('what is wrong with the arguments is thrown', () => {
    const wrong = (name, ...args) =>
      assert.throws(
        () => createUpgradeRequest(...args, () => {}),
        (error) => error.code.startsWith('ERR_') && error.message.includes(`"${name}"`),
      );
    for (const bad of [
      undefined,
      null,
      5,
      '',
      'localhost',
      'ftp://a',
      'ws://a/#b',
      'ws+unix://a/b',
      {},
      'ws://a:99999',
    ])
      wrong('url', bad);
    for (const [name, value] of Object.entries({
      protocols: ['a', 'a'],
      headers: { Upgrade: 'h2c' },
      handshakeTimeout: -1,
      maxRedirects: 1.5,
      signal: {},
      extensions: 5,
      perMessageDeflate: 'on',
    }))
      wrong(name, url, { [name]: value });
    assert.throws(() => createUpgradeRequest(url, { origin: 'a\r\nX: y' }, () => {}), TypeError);
    assert.throws(() => createUpgradeRequest(url, { agent: 5 }, () => {}), TypeError);
    assert.throws(() => createUpgradeRequest(url, { extensions: { 'a b': {} } }, () => {}), TypeError);
    assert.throws(() => createUpgradeRequest(url, {}, 5), /"callback"/);
  });

  describe('redirects', () => {
    /** A server that redirects /to?… to there, and upgrades all else; it keeps what it was asked. */
    async function redirecting(t, secure) {
      const seen = [];
      const answer = (req, socket) => {
        seen.push(req);
        socket.on('error', () => {});
        const to = new URL(req.url, 'http://x').searchParams.get('to');
        socket.end(
          to === null
            ? `HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(req.headers['sec-websocket-key'])}\r\n\r\n`
            : `HTTP/1.1 307 Temporary Redirect\r\nLocation: ${to}\r\nContent-Length: 0\r\n\r\n`,
        );
      };
      const { port } = await listening(
        t,
        (secure ? https.createServer(secure) : http.createServer()).on('upgrade', answer),
      );
      return { seen, url: `ws${secure ? 's' : ''}://127.0.0.1:${port}`, port };
    }
    const SECRETS = { headers: { Authorization: 'Bearer x', Cookie: 'a=b', 'X-More': '1' } };

    test('are an error by default', limit, async (t) => {
      const { url: from, seen } = await redirecting(t);
      const [error] = await created(`${from}/?to=/there`);
      assert.deepEqual(
        [error.code, error.statusCode, error.headers.location],
        ['ERR_WS_UNEXPECTED_RESPONSE', 307, '/there'],
      );
      assert.equal(seen.length, 1);
    });

    test('are followed where asked for, with everything to the same host', limit, async (t) => {
      const { url: from, seen } = await redirecting(t);
      const [error, socket] = await created(`${from}/?to=%2Fthere%3Fa`, { ...SECRETS, maxRedirects: 1 });
      assert.equal(error, null);
      socket.destroy();
      const [, { headers, url: path }] = seen;
      assert.deepEqual(
        [path, headers.authorization, headers.cookie, headers['x-more']],
        ['/there?a', 'Bearer x', 'a=b', '1'],
      );
    });

    test('show another host no secrets', limit, async (t) => {
      const [one, other] = [await redirecting(t), await redirecting(t)];
      const from = `${one.url.replace('//', '//user:pass@')}/?to=${encodeURIComponent(other.url.replace('ws', 'http'))}`;
      const [error, socket] = await created(from, { ...SECRETS, maxRedirects: 5 });
      assert.equal(error, null);
      socket.destroy();
      const [{ headers }] = other.seen;
      assert.deepEqual([headers.authorization, headers.cookie, headers['x-more']], [undefined, undefined, undefined]);
      assert.equal(headers.host, `127.0.0.1:${other.port}`);
      assert.equal(one.seen[0].headers.authorization, 'Bearer x');
    });

    test('have an end', limit, async (t) => {
      const { url: from, seen } = await redirecting(t);
      const [error] = await created(`${from}/?to=${encodeURIComponent('/?to=%2F%3Fto%3D%2Fx')}`, { maxRedirects: 2 });
      assert.equal(error.code, 'ERR_WS_TOO_MANY_REDIRECTS');
      assert.equal(seen.length, 3);
    });

    test('an agent that is for the other protocol is an error, and no uncaught one', limit, async (t) => {
      const [plain, secure] = [await redirecting(t), await redirecting(t, selfSigned())];
      const agent = new http.Agent();
      const [error] = await created(`${plain.url}/?to=${encodeURIComponent(secure.url)}`, { agent, maxRedirects: 1 });
      assert.equal(error.code, 'ERR_INVALID_PROTOCOL');
    });

    test('do not lead out of TLS, to files or to sockets', limit, async (t) => {
      const pair = selfSigned();
      const [secure, plain] = [await redirecting(t, pair), await redirecting(t)];
      for (const [from, to] of [
        [secure, plain.url],
        [plain, 'file:///etc/passwd'],
        [plain, 'ws+unix:/tmp/x:/'],
        [plain, 'http://'],
      ]) {
        const [error] = await created(`${from.url}/?to=${encodeURIComponent(to)}`, { ca: pair.cert, maxRedirects: 5 });
        assert.equal(error.code, 'ERR_WS_UNSAFE_REDIRECT', to);
      }
      assert.equal(plain.seen.length, 3);
    });
  });
});
