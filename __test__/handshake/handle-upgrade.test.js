'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const { PassThrough } = require('node:stream');
const { describe, test } = require('node:test');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const { Base, Upgrade } = require('../..');
const { Inbox } = require('../support/inbox');
const { TEXT, encode } = require('../support/frames');
const { KEY, exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { pair } = require('../support/streams');
const { listening } = require('../support/serve');

const { handleUpgradeRequest } = Upgrade;

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
      [{ extensions: ['a b'] }, 'extensions'],
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
    assert.throws(() => handleUpgradeRequest(fakeRequest(), socket, {}, 5), /"callback"/);
    assert.equal(socket.read(), null);
  });
});
