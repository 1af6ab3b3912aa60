'use strict';

// Classes of what has been published about WebSocket implementations since 2016, one test or a few for each.
// SECURITY.md has the whole list, and names the tests of other files that it rests on.

const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');
const { PassThrough } = require('node:stream');
const { test } = require('node:test');
const { Base, Client, Server, Upgrade, acceptKey } = require('../..');
const { BINARY, CLOSE, CONTINUATION, PING, TEXT, encode } = require('../support/frames');
const { Inbox } = require('../support/inbox');
const { KEY, exchange, requestText } = require('../support/raw-http');
const { limit, served } = require('../support/server');

const PMD = 'permessage-deflate';
const EXTENSIONS = 'Sec-WebSocket-Extensions';
const PROTOCOL = 'Sec-WebSocket-Protocol';

/** @returns {Promise<{ server: Server, port: number }>} a Server that is gone when the test ends */
async function serve(t, { options, httpOptions, port = 0 } = {}) {
  const httpServer = http.createServer(httpOptions);
  const server = new Server({ perMessageDeflate: true, ...options });
  server.listen(httpServer);
  await once(httpServer.listen(port, '127.0.0.1'), 'listening');
  t.after(() => {
    server.close();
    httpServer.close();
    httpServer.closeAllConnections();
  });
  return { server, httpServer, port: httpServer.address().port };
}

/** @returns {Promise<number>} the port of a server that answers each upgrade request, with these lines as well, and says this */
async function answering(t, lines, frames = '') {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (\S+)/i.exec(request)[1];
      const head = [
        'HTTP/1.1 101 OK',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${acceptKey(key)}`,
        ...lines,
      ];
      socket.end(`${head.join('\r\n')}\r\n\r\n${frames}`, 'latin1');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return server.address().port;
}

/** What a client gets of `answering`: `[error, socket, options]`. */
const created = (port, options) =>
  new Promise((resolve) =>
    Upgrade.createUpgradeRequest(`ws://127.0.0.1:${port}/`, options, (...args) => resolve(args)),
  );

/** That it goes on serving, whatever it was told before. */
async function assertServes(port) {
  const { status, socket } = await exchange(port, requestText());
  assert.equal(status, 101);
  socket.destroy();
}

test(
  'what is sent is what was given: a number is refused, and a view has its own bytes alone',
  limit,
  served({}, async ({ base, raw }) => {
    const client = await raw();
    const { sid } = client;
    for (const number of [0, 100, 1e6]) {
      assert.throws(() => base.ping(sid, number), TypeError);
      assert.throws(() => base.send(sid, number), TypeError);
      assert.throws(() => base.close(sid, 1000, number), TypeError);
    }
    const memory = Buffer.from('-secret-abcdefghijklmnop-secret-').buffer;
    const own = Buffer.from(memory).indexOf('-secret-abc'); // a Buffer's memory is others' too
    const views = [
      new Uint8Array(memory, own + 8, 16),
      new Uint16Array(new Uint8Array(memory).slice(own + 8, own + 24).buffer),
      new DataView(memory, own + 8, 16),
    ];
    for (const view of views) {
      base.ping(sid, view);
      base.send(sid, view);
      for (const opcode of [PING, BINARY]) {
        const frame = await client.frame();
        assert.deepEqual([frame.opcode, frame.payload.toString()], [opcode, 'abcdefghijklmnop']);
      }
    }
    assert.throws(() => base.close(sid, 1000, new Float32Array(20)), TypeError);
    base.close(sid, 1000, Buffer.from(memory, own + 8, 16));
    assert.deepEqual(await client.closeFrame(), { code: 1000, reason: 'abcdefghijklmnop' });
  }),
);

/** [the length that a frame declares, the code that it is refused with] */
const LENGTHS = [
  [BigInt(16 << 20) + 1n, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  [2n ** 31n, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  [2n ** 32n - 1n, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  [2n ** 32n, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  [2n ** 53n, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  [2n ** 63n - 1n, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  [2n ** 63n, 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'],
  [2n ** 64n - 1n, 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'],
];

for (const isClient of [false, true]) {
  test(
    `lengths of up to 64 bits are an error of the peer, never of the process: as a ${isClient ? 'client' : 'server'}`,
    limit,
    served({ base: { mask: isClient, closeTimeout: 50, maxConnections: 50 } }, async ({ base, events, raw }) => {
      const good = await raw();
      for (const [declaredLength, code] of LENGTHS) {
        for (const fragments of [false, true]) {
          const bad = await raw();
          const first = encode({ opcode: BINARY, payload: 'ten bytes.', fin: false, mask: !isClient });
          const header = encode({
            opcode: fragments ? CONTINUATION : BINARY,
            declaredLength,
            lengthBytes: 8,
            mask: !isClient,
          });
          await bad.write(Buffer.concat(fragments ? [first, header] : [header]));
          const [error] = await events.next('error');
          assert.deepEqual([error.code, error.closeCode, error.sid], [code, 1009, bad.sid]);
        }
      }
      await good.send({ opcode: TEXT, payload: 'still there', mask: !isClient });
      assert.equal((await events.next('message'))[0], 'still there');
      assert.equal(base.connections, 1);
    }),
  );
}

const BITS = ['0', '7', '08', '16', '255', '1000', '99999999999999999999', '-1', '1e1', '0x9', '"15', '', 'NaN'];

test("window bits that are none, in a server's answer, are an error of the handshake", limit, async (t) => {
  for (const side of ['server', 'client']) {
    for (const bits of BITS) {
      const port = await answering(t, [`${EXTENSIONS}: ${PMD}; ${side}_max_window_bits=${bits}`]);
      const [error, socket] = await created(port, { perMessageDeflate: true });
      assert.equal(error?.code, 'ERR_WS_INVALID_HANDSHAKE', bits);
      assert.equal(socket, undefined);
    }
  }
});

test(
  "in a client's offer they are declined, or the request is refused; and assignSocket takes none",
  limit,
  async (t) => {
    const { server, port } = await serve(t);
    for (const side of ['server', 'client']) {
      for (const bits of BITS) {
        const element = `${PMD}; ${side}_max_window_bits=${bits}`;
        const { status, headers, socket } = await exchange(port, requestText({ headers: { [EXTENSIONS]: element } }));
        socket.destroy();
        assert.ok(
          status === 400 || (status === 101 && headers['sec-websocket-extensions'] === undefined),
          `${element}: ${status}`,
        );
        assert.throws(() => server.assignSocket(new PassThrough(), { extensions: element }), TypeError, element);
      }
    }
    await assertServes(port);
  },
);

/** What every object has without having been given it. */
const INHERITED = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];

test('names that every object inherits are no extensions, parameters, subprotocols or paths', limit, async (t) => {
  const { server, port } = await serve(t, { options: { url: 'ws://localhost/', protocols: ['chat'] } });
  server.extensions['x-a'] = { read: (next) => next() };
  for (const name of INHERITED) {
    for (const value of [
      name,
      `x-a; ${name}`,
      `${PMD}; ${name}`,
      `${PMD}; ${name}=15`,
      `,;${name}`,
      `${name}; ${name}`,
      `x-a; ${name}=${name}`,
    ]) {
      const { status, headers, socket } = await exchange(port, requestText({ headers: { [EXTENSIONS]: value } }));
      socket.destroy();
      assert.ok(
        status === 400 || (status === 101 && headers['sec-websocket-extensions'] === undefined),
        `${value}: ${status}`,
      );
    }
    const { headers, socket } = await exchange(port, requestText({ headers: { [PROTOCOL]: `${name}, chat` } }));
    socket.destroy();
    assert.equal(headers['sec-websocket-protocol'], 'chat');
    assert.equal((await exchange(port, requestText({ line: `GET /${name} HTTP/1.1` }))).status, 404);
    for (const answered of [name, `x-a; ${name}`, `${PMD}; ${name}`]) {
      const [error] = await created(await answering(t, [`${EXTENSIONS}: ${answered}`]), {
        perMessageDeflate: true,
        extensions: server.extensions,
      });
      assert.equal(error?.code, 'ERR_WS_INVALID_HANDSHAKE', answered);
    }
    assert.throws(() => new Base().assignSocket(new PassThrough(), { extensions: [name] }), TypeError, name);
  }
  await assertServes(port);
});

test('as many headers as fit, or more, end no process', limit, async (t) => {
  const { port } = await serve(t);
  // Short ones, so that they fit into the 16 KiB that Node reads.
  const many = (count, value) => Array.from({ length: count }, (_, i) => `${i.toString(36)}:${value}\r\n`).join('');
  for (const [count, value, expected] of [
    [900, 'x', [101]],
    // The handshake's own come last, and are past those that Node keeps. Since 22.23 it refuses more than it keeps.
    [1900, 'x', [400, 431]],
    [2100, 'x', [400, 431]],
    [10_000, 'x', [431]],
    [1, 'x'.repeat(100_000), [431]],
  ]) {
    const { status, socket } = await exchange(port, requestText().replace('\r\n', `\r\n${many(count, value)}`));
    socket.destroy();
    assert.ok(expected.includes(status), `${count} headers: ${status}`);
    await assertServes(port);
  }
});

/** Header values that cost an expression which backtracks more than a test's time. */
const LONG = 1 << 20;
const BACKTRACKING = [
  [PROTOCOL, `b${' '.repeat(LONG)}x`],
  [PROTOCOL, `${' ,'.repeat(LONG / 2)}x`],
  [EXTENSIONS, `a;b="${'\\c'.repeat(LONG / 2)}`],
  [EXTENSIONS, `a${' ;'.repeat(LONG / 2)}b`],
  [EXTENSIONS, `a;b=${'"'.repeat(LONG)}`],
  ['Connection', `${' '.repeat(LONG)}x, Upgrade`],
  ['Upgrade', `${', '.repeat(LONG / 2)}x`],
  ['Origin', `https://${'a'.repeat(LONG)}`],
];

test('a header of 1 MiB that would make an expression backtrack is answered, by a server', limit, async (t) => {
  const { port } = await serve(t, {
    httpOptions: { maxHeaderSize: 4 * LONG },
    options: { origins: [/^https:\/\/a+$/, 'https://b'] },
  });
  for (const [name, value] of BACKTRACKING) {
    const { status, socket } = await exchange(port, requestText({ headers: { Origin: 'https://b', [name]: value } }));
    socket.destroy();
    assert.ok([101, 400, 403, 426].includes(status), `${name}: ${status}`);
  }
});

test('and a response of that kind is taken or refused, by a client', limit, async (t) => {
  const agent = new http.Agent({ maxHeaderSize: 4 * LONG });
  t.after(() => agent.destroy());
  for (const [name, value] of BACKTRACKING) {
    const port = await answering(t, [`${name}: ${value}`]);
    const [error, socket] = await created(port, { agent, perMessageDeflate: true, protocols: ['chat'] });
    socket?.destroy();
    assert.ok(error === null || /^(ERR_WS_|HPE_)/.test(error.code), `${name}: ${error?.code}`);
  }
});

/** Strings that would begin a line of their own in a header. */
const BREAKS = [
  'a\r\nX-Injected: 1',
  'a\nX-Injected: 1',
  'a\rb',
  'a\r\n\r\nGET /admin HTTP/1.1',
  'a\0b',
  'a\u010d\u010ab',
];

test('nothing that an app passes on becomes a header line of its own, in a response', limit, async () => {
  const request = { method: 'GET', url: '/', httpVersionMajor: 1, httpVersionMinor: 1 };
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
  let looked = 0;
  for (const broken of BREAKS) {
    for (const options of [
      { headers: { X: broken } },
      { headers: { [broken]: '1' } },
      { headers: { X: ['fine', broken] } },
      { protocols: [broken] },
      { protocols: () => broken },
      { shouldAccept: () => ({ status: 403, headers: { X: broken } }) },
      { shouldAccept: () => ({ status: 403, headers: { [broken]: '1' } }) },
    ]) {
      const socket = new PassThrough();
      try {
        await new Promise((resolve) =>
          Upgrade.handleUpgradeRequest(
            { ...request, rawHeaders: [...rawHeaders, PROTOCOL, 'chat'] },
            socket,
            options,
            resolve,
          ),
        );
      } catch (error) {
        assert.match(error.code, /^ERR_/);
        looked++;
        continue;
      }
      const response = socket.read()?.toString('latin1') ?? '';
      const head = response.split('\r\n\r\n')[0];
      assert.doesNotMatch(head, /(^|[\r\n])(X-Injected|GET|b)|\0/i, JSON.stringify(options));
      looked++;
    }
  }
  assert.equal(looked, BREAKS.length * 7);
});

test('nor in a request', limit, async (t) => {
  const heads = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => {
      heads.push(data.toString('latin1'));
      socket.destroy();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const at = `ws://127.0.0.1:${server.address().port}/`;
  for (const broken of BREAKS) {
    for (const [url, options] of [
      [at, { headers: { X: broken } }],
      [at, { headers: { [broken]: '1' } }],
      [at, { protocols: [broken] }],
      [at, { origin: broken }],
      [at, { extensions: { [broken]: { read: (next) => next() } } }],
      [`${at}${broken}`, {}],
      [`${at}?${broken}`, {}],
    ]) {
      try {
        await new Promise((resolve) => Upgrade.createUpgradeRequest(url, options, resolve));
      } catch (error) {
        assert.match(error.code, /^ERR_/);
      }
    }
  }
  assert.ok(heads.length > 0);
  for (const head of heads) {
    assert.doesNotMatch(head, /(^|[\r\n])X-Injected|\0/i);
    assert.equal(head.split('\r\n\r\n').length, 2, head);
    assert.doesNotMatch(head.slice(head.indexOf('\r\n')), /[\r\n]GET|HTTP\/1/, head);
  }
});

test('a request with a body, or two of what there is one of, is no handshake', limit, async (t) => {
  const { server, port } = await serve(t);
  for (const headers of [
    { 'Content-Length': '5' },
    { 'Transfer-Encoding': 'chunked' },
    { 'Content-Length': '5', 'Transfer-Encoding': 'chunked' },
    { 'Content-Length': ['5', '6'] },
    { Host: ['a', 'b'] },
    { 'Sec-WebSocket-Key': [KEY, KEY] },
    { 'Sec-WebSocket-Version': ['13', '13'] },
  ]) {
    const response = await exchange(port, requestText({ headers, body: 'GET / HTTP/1.1\r\nHost: b\r\n\r\n' }));
    assert.equal(response.status, 400, JSON.stringify(headers));
    assert.doesNotMatch(response.body, /HTTP\/1\.1/); // nothing answers what was smuggled behind it
  }
  assert.equal(server.connections, 0);
});

test(
  'what comes in the place of frames ends one connection: HTTP, TLS, zeros, noise',
  limit,
  served({ base: { closeTimeout: 50 } }, async ({ base, events, raw }) => {
    const good = await raw();
    for (const noise of [
      Buffer.from(requestText()),
      Buffer.from('160301020001', 'hex'),
      Buffer.alloc(4096),
      Buffer.alloc(4096, 0xff),
    ]) {
      const bad = await raw();
      bad.write(noise).catch(() => {});
      const [error] = await events.next('error');
      assert.deepEqual([error.sid, error.closeCode], [bad.sid, 1002]);
    }
    await good.text('still there');
    assert.equal((await events.next('message'))[0], 'still there');
    assert.equal(base.connections, 1);
  }),
);

test(
  'a thousand close frames are one close, and nothing more is queued for them',
  limit,
  served({ base: { closeTimeout: 200 } }, async ({ base, events, raw }) => {
    const client = await raw();
    const closes = new Array(1000).fill(encode({ opcode: CLOSE, payload: Buffer.from([0x03, 0xe8]) }));
    await client.write(Buffer.concat(closes));
    assert.deepEqual(await events.next('close').then(([reason, sid, code]) => [reason, sid, code]), [
      '',
      client.sid,
      1000,
    ]);
    assert.equal(client.frames.filter(({ opcode }) => opcode === CLOSE).length, 1);
    assert.equal(base.stats().queuedBytes, 0);
  }),
);

test(
  'a request that comes too slowly, or never ends, is answered with 408, and the Server goes on',
  limit,
  async (t) => {
    const { server, httpServer, port } = await serve(t, {
      httpOptions: { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 },
    });
    for (const piece of ['', 'X-Slow: 1\r\n']) {
      const socket = net.connect(port, '127.0.0.1');
      socket.setEncoding('latin1').on('error', () => {});
      let got = '';
      socket.on('data', (chunk) => (got += chunk));
      socket.write(requestText().slice(0, -2));
      const timer = setInterval(() => socket.write(piece), 20);
      // A piece may cross the end of the connection, which is a reset then.
      await new Promise((resolve) => socket.once('close', resolve));
      clearInterval(timer);
      assert.match(got, /^HTTP\/1\.1 408 /);
    }
    assert.equal(server.connections, 0);
    // On a busy machine a proper request may take as long as well.
    Object.assign(httpServer, { headersTimeout: 60_000, requestTimeout: 60_000 });
    await assertServes(port);
  },
);

test("a browser's page of another site opens no connection where origins are given", limit, async (t) => {
  const { server, port } = await serve(t, { options: { origins: ['https://good.example'] } });
  const ask = (Origin) => exchange(port, requestText({ headers: { Origin } }));
  for (const origin of [
    'https://evil.example',
    'https://good.example.evil.example',
    'https://good.example:444',
    'http://good.example',
    'https://good.examplE',
    'null',
    'https://good.example, https://evil.example',
    '',
  ]) {
    assert.equal((await ask(origin)).status, 403, origin);
  }
  assert.equal((await ask(undefined)).status, 403);
  assert.equal(server.connections, 0);
  const { status, socket } = await ask('https://good.example');
  assert.equal(status, 101);
  socket.destroy();
});

test('a Client that gets nonsense from a server has an error, and no uncaught one', limit, async (t) => {
  const client = new Client({ maxConnections: 10, closeTimeout: 50 });
  const events = new Inbox(client, ['open', 'error', 'close']);
  for (const payload of [
    '\x81\x80key!',
    '\xc1\x00',
    '\xf1\x00',
    '\x88\x01x',
    '\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff',
    '\x09\x00',
  ]) {
    client.open(`ws://127.0.0.1:${await answering(t, [], payload)}/`);
    const [error] = await events.next('error');
    assert.match(error.code, /^WS_ERR_/, JSON.stringify(payload));
    await events.next('close');
  }
  assert.equal(client.connections, 0);
});
