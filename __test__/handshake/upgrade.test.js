'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { PassThrough } = require('node:stream');
const { after, before, describe, test } = require('node:test');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { Base, Upgrade, acceptKey } = require('../..');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { TEXT, encode } = require('../support/frames');
const { KEY, exchange, requestText } = require('../support/raw-http');
const { limit, unixPath } = require('../support/server');
const { pair } = require('../support/streams');

const { createUpgradeRequest, handleUpgradeRequest } = Upgrade;

/** A request as an app could have made it itself. */
function fakeRequest(change = {}) {
  const rawHeaders = [
    'Host',
    'localhost',
    'Upgrade',
    'websocket',
    'Connection',
    'Upgrade',
    'Sec-WebSocket-Version',
    '13',
    'Sec-WebSocket-Key',
    KEY,
  ];
  return { method: 'GET', url: '/', httpVersionMajor: 1, httpVersionMinor: 1, rawHeaders, ...change };
}

/** What `handleUpgradeRequest` says, as a Promise of `[error, socket, options]`. */
const handled = (req, socket, options) =>
  new Promise((resolve) => handleUpgradeRequest(req, socket, options, (...args) => resolve(args)));
/** What `createUpgradeRequest` says, as a Promise of `[error, socket, options, res]`. */
const created = (url, options) =>
  new Promise((resolve) => createUpgradeRequest(url, options, (...args) => resolve(args)));

/** @returns {Promise<{ port: number, server: http.Server }>} a server that is gone when the test ends */
async function listening(t, server, where = { port: 0, host: '127.0.0.1' }) {
  await once(server.listen(where), 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections?.();
  });
  return { port: server.address().port, server };
}

describe('handleUpgradeRequest', () => {
  test('upgrades a client of ws, and its options go to assignSocket as they are', limit, async (t) => {
    const base = new Base();
    base.extensions['x-a'] = { read: (next) => next() };
    const events = new Inbox(base, ['open', 'message', 'close']);
    const { port, server } = await listening(t, http.createServer());
    server.on('upgrade', (req, socket, head) => {
      const options = { head, protocols: ['b', 'a'], extensions: base.extensions, headers: { 'X-More': ['1', '2'] } };
      handleUpgradeRequest(req, socket, options, (error, taken, assign) => {
        assert.equal(error, null);
        base.assignSocket(taken, assign);
      });
    });
    const client = new WebSocket(`ws://127.0.0.1:${port}/`, ['a', 'b']);
    const [res] = await once(client, 'upgrade');
    assert.equal(res.headers['x-more'], '1, 2');
    const [sid] = await events.next('open');
    assert.equal(client.protocol, 'b');
    assert.equal(base.sockets[sid].protocol, 'b');
    assert.deepEqual(base.sockets[sid].extensions, []);
    client.send('hello');
    assert.deepEqual(await events.next('message'), ['hello', sid]);
    client.close();
    await events.next('close');
  });

  test('what comes through it has to be masked, whatever kind of stream it is', limit, async (t) => {
    const base = new Base();
    const events = new Inbox(base, ['open', 'error', 'close']);
    const [near, far] = pair();
    t.after(() => far.destroy());
    const server = http.createServer().on('upgrade', (req, socket, head) => {
      handleUpgradeRequest(req, socket, { head }, (_error, taken, assign) => base.assignSocket(taken, assign));
    });
    server.emit('connection', near); // HTTP over a stream that is no net.Socket
    far.write(requestText());
    const [sid] = await events.next('open');
    far.write(encode({ opcode: TEXT, payload: 'unmasked', mask: false }));
    const [error] = await events.next('error');
    assert.deepEqual([error.code, error.sid], ['WS_ERR_EXPECTED_MASK', sid]);
    far.end();
    await events.next('close');
  });

  test('a frame behind the request is not lost, however long the app takes', limit, async (t) => {
    const base = new Base({ enforceMasking: false });
    const events = new Inbox(base, ['message', 'close']);
    const { port, server } = await listening(t, http.createServer());
    let decide;
    const decided = new Promise((resolve) => {
      decide = resolve;
    });
    server.on('upgrade', (req, socket, head) => {
      handleUpgradeRequest(req, socket, { head, shouldAccept: () => decided }, (_error, taken, options) =>
        base.assignSocket(taken, options),
      );
      decide(true);
    });
    const { status, socket } = await exchange(port, requestText({ body: '\x81\x02hi' }));
    assert.equal(status, 101);
    assert.equal((await events.next('message'))[0], 'hi');
    socket.destroy();
    await events.next('close');
  });

  test('a refused request has a response, its socket is closed, and the error says why', limit, async (t) => {
    const { port, server } = await listening(t, http.createServer());
    const results = new Inbox(server, ['result']);
    let options;
    server.on('upgrade', (req, socket) =>
      handleUpgradeRequest(req, socket, options, (...args) => server.emit('result', args, socket)),
    );
    for (const [given, status, code, body] of [
      [{ origins: ['https://a'] }, 403, 'ERR_WS_UPGRADE_REFUSED', /origin/],
      [{ shouldAccept: () => false }, 403, 'ERR_WS_UPGRADE_REFUSED', /refused/],
      [{ shouldAccept: async () => 404 }, 404, 'ERR_WS_UPGRADE_REFUSED', /refused/],
      [
        { shouldAccept: () => ({ status: 401, headers: { 'WWW-Authenticate': 'Basic' }, body: 'grüße' }) },
        401,
        'ERR_WS_UPGRADE_REFUSED',
        /^grÃ¼Ã\x9fe$/,
      ],
      [
        { shouldAccept: () => ({ status: 302, headers: { Location: '/x' } }) },
        302,
        'ERR_WS_UPGRADE_REFUSED',
        /refused/,
      ],
      [
        {
          shouldAccept: () => {
            throw new Error('oops');
          },
        },
        500,
        'ERR_WS_UPGRADE_FAILED',
        /could not/,
      ],
      [
        {
          shouldAccept: async () => {
            throw new Error('oops');
          },
        },
        500,
        'ERR_WS_UPGRADE_FAILED',
        /could not/,
      ],
      [{ shouldAccept: () => undefined }, 500, 'ERR_WS_UPGRADE_FAILED', /could not/],
      ...[
        0,
        101,
        200,
        204,
        300,
        302,
        304,
        306,
        404.5,
        600,
        NaN,
        { status: 307, headers: { 'X-A': '/x' } },
        { status: 304, headers: { Location: '/x' } },
      ].map((verdict) => [{ shouldAccept: () => verdict }, 500, 'ERR_WS_UPGRADE_FAILED', /could not/]),
      [
        { shouldAccept: () => ({ status: 308, headers: { location: '/x' } }) },
        308,
        'ERR_WS_UPGRADE_REFUSED',
        /refused/,
      ],
      [{ shouldAccept: () => new Promise(() => {}), handshakeTimeout: 20 }, 503, 'ERR_WS_HANDSHAKE_TIMEOUT', /20 ms/],
      [
        { shouldAccept: () => ({ status: 403, headers: { X: 'a\r\nY: b' } }) },
        500,
        'ERR_WS_UPGRADE_FAILED',
        /could not/,
      ],
      [{ protocols: () => 'not-offered' }, 500, 'ERR_WS_UPGRADE_FAILED', /could not/],
      [
        {
          origins: () => {
            throw new Error('oops');
          },
        },
        500,
        'ERR_WS_UPGRADE_FAILED',
        /could not/,
      ],
    ]) {
      options = given;
      const response = await exchange(port, requestText());
      assert.equal(response.status, status);
      assert.match(response.body, body);
      assert.ok(response.ended);
      assert.equal(Number(response.headers['content-length']), response.body.length);
      assert.doesNotMatch(response.body, /oops/);
      const [[error, socket, assign], taken] = await results.next('result');
      assert.deepEqual([error.code, error.statusCode, socket, assign], [code, status, undefined, undefined]);
      assert.equal(code === 'ERR_WS_UPGRADE_FAILED', error.cause instanceof Error);
      if (!taken.destroyed) await once(taken, 'close');
    }
  });

  test('a client that is refused and does not end its side is not waited for long', limit, async (t) => {
    const { port, server } = await listening(t, http.createServer());
    server.on('upgrade', (req, socket) => handleUpgradeRequest(req, socket, { shouldAccept: () => false }, () => {}));
    const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    client
      .on('error', () => {})
      .resume()
      .write(requestText());
    const [, [socket]] = await Promise.all([once(client, 'end'), once(server, 'connection')]);
    assert.equal(socket.destroyed, false);
    await once(socket, 'close');
    client.destroy();
  });

  test('origins: strings, RegExps, a function; a RegExp has no memory', limit, async (t) => {
    const { port, server } = await listening(t, http.createServer());
    let origins;
    server.on('upgrade', (req, socket) => handleUpgradeRequest(req, socket, { origins }, () => {}));
    for (const [given, origin, status] of [
      ['https://a', 'https://a', 101],
      ['https://a', 'https://b', 403],
      [/^https:\/\/a$/g, 'https://a', 101],
      [[/^https:\/\/a$/, 'null'], 'null', 101],
      [[], 'https://a', 403],
      [['https://a'], undefined, 403],
      [(origin) => origin === undefined, undefined, 101],
      [async (origin, req) => req.url === '/' && origin === 'https://c', 'https://c', 101],
      [async () => false, 'https://c', 403],
    ]) {
      origins = given;
      for (let times = 0; times < 2; times++) {
        const response = await exchange(port, requestText({ headers: { Origin: origin } }));
        assert.equal(response.status, status, `${given} for ${origin}`);
        response.socket.destroy();
      }
    }
  });

  test('protocols: the first of ours that is offered, or what a function says', async () => {
    for (const [protocols, offered, expected] of [
      [['a', 'b'], 'b, a', 'a'],
      ['b', 'a, b', 'b'],
      [['c'], 'a, b', ''],
      [['a'], undefined, ''],
      [(names) => names.at(-1), 'a, b', 'b'],
      [async (names, req) => (req.url === '/' ? names[0] : null), 'a, b', 'a'],
      [() => false, 'a', ''],
      [() => null, 'a', ''],
    ]) {
      const socket = new PassThrough();
      const req = fakeRequest();
      if (offered !== undefined) req.rawHeaders.push('sec-websocket-protocol', offered);
      const [error, , { protocol }] = await handled(req, socket, { protocols });
      assert.deepEqual([error, protocol], [null, expected]);
      const line = /Sec-WebSocket-Protocol: (.*)\r\n/.exec(socket.read().toString())?.[1];
      assert.equal(line ?? '', expected);
    }
  });

  test('what Node lets through, another server may not: a request that no upgrade is', async () => {
    const headers = (change) => ({ rawHeaders: fakeRequest().rawHeaders.map(change) });
    for (const [change, status] of [
      [{ httpVersionMinor: 0 }, 400],
      [{ url: 'x' }, 400],
      [{ url: 'http://' }, 400],
      [headers((one) => (one === 'Upgrade' ? 'X' : one)), 426],
      [headers((one) => (one === 'Connection' ? 'X' : one)), 400],
      [headers((one) => (one === 'Host' ? 'X' : one)), 400],
      [{ rawHeaders: [] }, 400],
    ]) {
      const socket = new PassThrough();
      const [error] = await handled(fakeRequest(change), socket);
      assert.deepEqual([error.code, error.statusCode], ['ERR_WS_INVALID_UPGRADE', status]);
    }
  });

  test('a socket that is closed before the app has decided is reported, once', limit, async (t) => {
    const { port, server } = await listening(t, http.createServer());
    const asked = new Inbox(server, ['asked', 'result']);
    server.on('upgrade', (req, socket) => {
      const shouldAccept = () => new Promise((resolve) => server.emit('asked', resolve));
      handleUpgradeRequest(req, socket, { shouldAccept }, (...args) => server.emit('result', ...args));
    });
    const client = http.request({
      port,
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': KEY },
    });
    client.on('error', () => {}).end();
    const [resolve] = await asked.next('asked');
    client.socket.resetAndDestroy();
    const [error] = await asked.next('result');
    assert.equal(error.code, 'ERR_WS_UPGRADE_ABORTED');
    resolve(true);
    await new Promise(setImmediate);
    assert.equal(asked.list('result').length, 1);
  });

  test('so is one whose client ends its side, and it is destroyed', limit, async (t) => {
    const { port, server } = await listening(t, http.createServer());
    const asked = new Inbox(server, ['asked', 'result']);
    server.on('upgrade', (req, socket) => {
      const shouldAccept = () => new Promise(() => server.emit('asked', socket));
      handleUpgradeRequest(req, socket, { shouldAccept, handshakeTimeout: 0 }, (...args) =>
        server.emit('result', ...args),
      );
    });
    const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    t.after(() => client.destroy());
    client.write(requestText());
    const [taken] = await asked.next('asked');
    client.end();
    assert.equal((await asked.next('result'))[0].code, 'ERR_WS_UPGRADE_ABORTED');
    assert.ok(taken.destroyed);
  });

  test('so is one that was over before, or has ended, and one that an error ends', async () => {
    const destroyed = new PassThrough().destroy();
    const ended = new PassThrough().resume().end();
    await once(ended, 'end');
    for (const socket of [destroyed, ended]) {
      assert.equal((await handled(fakeRequest(), socket))[0].code, 'ERR_WS_UPGRADE_ABORTED');
    }
    const failing = new PassThrough();
    const result = handled(fakeRequest(), failing, { shouldAccept: () => new Promise(() => {}) });
    failing.destroy(new Error('would be uncaught'));
    assert.equal((await result)[0].code, 'ERR_WS_UPGRADE_ABORTED');
  });

  test("errors of a socket that is refused are nobody's", async () => {
    const socket = new PassThrough();
    await handled(fakeRequest({ method: 'POST' }), socket);
    socket.emit('error', new Error('would be thrown'));
  });

  test('what is wrong with the arguments is thrown, and nothing is answered', () => {
    const socket = new PassThrough();
    for (const [options, name] of [
      [null, 'options'],
      [5, 'options'],
      [{ head: 'x' }, 'head'],
      [{ protocols: ['a b'] }, 'protocols'],
      [{ protocols: ['a', 'a'] }, 'protocols'],
      [{ extensions: [] }, 'extensions'],
      [{ perMessageDeflate: 1 }, 'perMessageDeflate'],
      [{ headers: 5 }, 'headers'],
      [{ origins: [5] }, 'origins'],
      [{ shouldAccept: true }, 'shouldAccept'],
      [{ headers: { Upgrade: 'x' } }, 'headers'],
      [{ headers: { 'sec-websocket-accept': 'x' } }, 'headers'],
      [{ headers: { 'content-length': 1 } }, 'headers'],
      [{ handshakeTimeout: '1' }, 'handshakeTimeout'],
    ]) {
      assert.throws(
        () => handleUpgradeRequest(fakeRequest(), socket, options, () => {}),
        (error) =>
          error instanceof TypeError && error.code === 'ERR_INVALID_ARG_TYPE' && error.message.includes(`"${name}"`),
        JSON.stringify(options),
      );
    }
    for (const headers of [{ 'X Y': '1' }, { X: 'a\r\nY: b' }, { 'X\r\n': '1' }, { X: undefined }]) {
      assert.throws(() => handleUpgradeRequest(fakeRequest(), socket, { headers }, () => {}), TypeError);
    }
    assert.throws(() => handleUpgradeRequest({}, socket, () => {}), /"req"/);
    assert.throws(() => handleUpgradeRequest(fakeRequest(), {}, () => {}), /"socket"/);
    assert.throws(() => handleUpgradeRequest(fakeRequest(), socket), /"callback"/);
    assert.equal(socket.read(), null);
  });
});

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
    assert.equal(late.code, 'ERR_WS_HANDSHAKE_TIMEOUT');
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
    assert.throws(() => createUpgradeRequest(url), /"callback"/);
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
      assert.deepEqual([headers.authorization, headers.cookie, headers['x-more']], [undefined, undefined, '1']);
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
