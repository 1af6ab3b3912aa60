'use strict';

// What is asked of a server over TLS that is accepted for by a door, whole, in pieces and with more behind it: what its app hears,
// and what the client is answered, is as by `https.createServer`.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');
const { createSecureServer } = require('../..');
const { counted, hasDoors } = require('../support/attached');
const {
  CREATES,
  attachedSecurely,
  closed,
  comes,
  dialed,
  emitted,
  nameOf,
  says,
  turns,
  wired,
} = require('../support/front-secure');
const { TEXT, encode } = require('../support/frames');
const { requestText } = require('../support/raw-http');
const { limit } = require('../support/server');

const GET = 'GET /one HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const POST = 'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\n';
const CHUNKED = 'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n';
const OTHER = 'GET /other HTTP/1.1\r\nHost: a\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n';
const CONNECT = 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n';
const FRAME = encode({ opcode: TEXT, payload: 'echo' });

/** An answer without what differs from one to the next. @param {string} text */
const plain = (text) => text.replace(/Date: .*\r\n/g, '');

/**
 * What a server hears of a client that says something, and answers.
 *
 * @param {import('node:test').TestContext} t
 * @param {Function} create
 * @param {(client: import('node:tls').TLSSocket, events: string[]) => Promise<unknown>} say until it is answered
 * @param {object} [how]
 */
async function heardOf(t, create, say, { wire = false, hears = () => {}, ...how } = {}) {
  const found = await attachedSecurely(t, { create, ...how });
  const { server, httpServer, port } = found;
  httpServer.removeAllListeners('request');
  const bodies = [];
  httpServer.on('request', (req, res) => {
    let body = '';
    req.setEncoding('latin1').on('data', (text) => (body += text));
    req.on('end', () => {
      bodies.push([req.method, req.url, body, req.socket.encrypted, req.socket.getProtocol()]);
      res.end(`[${req.url} ${body}]`);
    });
  });
  server.on('message', (text, sid) => server.send(sid, text));
  hears(httpServer, found);
  const events = emitted(httpServer);
  const client = (wire ? wired : dialed)(t, port);
  await once(client, 'secureConnect');
  await say(client, events);
  const text = plain(client.text);
  client.destroy();
  client.wire?.destroy();
  await counted(httpServer, 0);
  return { events, bodies, text };
}

/** The same by Node.js and by a door. A WebSocket by a door makes no event that Node.js would have made. */
function compared(title, say, { how, check, isOpen = false } = {}) {
  test(title, limit, async (t) => {
    const all = [];
    for (const create of CREATES) all.push(await heardOf(t, create, say, how));
    if (isOpen && hasDoors) {
      // How it has come is not heard of where no socket was made.
      for (const { events } of all)
        events.splice(
          0,
          events.length,
          ...events.filter((name) => !/^(connection|secureConnection|upgrade)$/.test(name)),
        );
    }
    assert.deepEqual(all[1], all[0]);
    check?.(all[1]);
  });
}

const CONNECTED = ['connection', 'secureConnection'];

compared('a GET', async (client) => says(client, LAST).then(() => closed(client)), {
  check({ events, bodies, text }) {
    assert.deepEqual(events, [...CONNECTED, 'request']);
    assert.deepEqual(bodies, [['GET', '/last', '', true, 'TLSv1.3']]);
    assert.match(text, /^HTTP\/1.1 200 OK[\s\S]*\[\/last \]$/);
  },
});

compared(
  'requests in a row on a connection',
  async (client) => {
    for (let round = 1; round <= 3; round++) {
      await says(client, GET.replace('one', String(round)));
      await comes(client, new RegExp(`\\[/${round} \\]`));
    }
    await says(client, LAST);
    await closed(client);
  },
  { check: ({ events }) => assert.deepEqual(events, [...CONNECTED, ...new Array(4).fill('request')]) },
);

compared('requests at once', async (client) => says(client, GET + GET + LAST).then(() => closed(client)), {
  check: ({ bodies }) => assert.equal(bodies.length, 3),
});

compared(
  'a POST with its body in one record',
  async (client) => says(client, `${POST}hello`).then(() => closed(client)),
  {
    check: ({ bodies }) => assert.equal(bodies[0][2], 'hello'),
  },
);

compared('a POST with its body in records of their own', async (client) => {
  await says(client, POST);
  for (const letter of 'hello') await says(client, letter);
  await closed(client);
});

compared(
  'a long upload',
  async (client) => {
    await says(client, CHUNKED);
    for (let count = 0; count < 20; count++) await says(client, `10000\r\n${'x'.repeat(0x10000)}\r\n`);
    await says(client, '0\r\n\r\n');
    await closed(client);
  },
  { check: ({ bodies }) => assert.equal(bodies[0][2].length, 20 * 0x10000) },
);

compared(
  'a long upload whose records come at once',
  async (client) => {
    client.wire.hold();
    await says(client, POST.replace('Content-Length: 5', `Content-Length: ${1 << 20}`));
    await says(client, Buffer.alloc(1 << 20, 'abcdefg'));
    client.wire.release();
    await comes(client, /\[\/up [a-g]+\]$/);
  },
  {
    how: { wire: true },
    check: ({ bodies }) => assert.equal(bodies[0][2], Buffer.alloc(1 << 20, 'abcdefg').toString()),
  },
);

compared('a WebSocket behind a plain request on the same connection', async (client) => {
  await says(client, GET);
  await comes(client, /\[\/one \]/);
  await says(client, requestText());
  await comes(client, /101 Switching/);
  await says(client, FRAME);
  await comes(client, /echo$/);
});

compared('another upgrade, which nobody takes', async (client) =>
  says(client, OTHER).then(() => comes(client, /\r\n\r\n/)),
);

compared('CONNECT, which nobody takes', async (client) => says(client, CONNECT).then(() => closed(client)), {
  check: ({ text }) => assert.equal(text, ''),
});

compared('CONNECT, which the app takes', async (client) => says(client, `${CONNECT}head`).then(() => closed(client)), {
  how: {
    hears: (httpServer) =>
      httpServer.on('connect', (_req, socket, head) =>
        socket.end(`HTTP/1.1 200 OK\r\n\r\n${socket.encrypted} ${head}`),
      ),
  },
  check: ({ text }) => assert.match(text, /true head$/),
});

compared('nonsense', async (client) => says(client, 'NONSENSE\r\n\r\n').then(() => closed(client)), {
  check({ events, text }) {
    assert.deepEqual(events, [...CONNECTED, 'clientError HPE_INVALID_METHOD']);
    assert.match(text, /^HTTP\/1.1 400/);
  },
});

compared(
  'nonsense, of which the app hears',
  async (client) => says(client, '\0\x01\r\n\r\n').then(() => closed(client)),
  {
    how: {
      hears: (httpServer) =>
        httpServer.on('clientError', (error, socket) =>
          socket.end(`HTTP/1.1 418 ${socket.encrypted} ${error.code}\r\n\r\n`),
        ),
    },
    check: ({ text }) => assert.match(text, /^HTTP\/1.1 418 true HPE_/),
  },
);

const UPGRADES = { plain: LAST, 'for a WebSocket': requestText() };

for (const [kind, text] of Object.entries(UPGRADES)) {
  const isOpen = kind !== 'plain';
  const over = (client) => (isOpen ? comes(client, /\r\n\r\n/) : closed(client));

  compared(
    `a request ${kind} in records of a few bytes`,
    async (client) => {
      for (let at = 0; at < text.length; at += 7) await says(client, text.slice(at, at + 7));
      await over(client);
    },
    { isOpen },
  );

  compared(
    `a request ${kind} in records of a few bytes that come at once`,
    async (client) => {
      client.wire.hold();
      for (let at = 0; at < text.length; at += 7) await says(client, text.slice(at, at + 7));
      client.wire.release();
      await comes(client, /\r\n\r\n/);
    },
    { isOpen, how: { wire: true } },
  );

  compared(
    `a request ${kind} in one record that comes byte by byte`,
    async (client) => {
      client.wire.isCut = true;
      await says(client, text);
      await comes(client, /\r\n\r\n/);
    },
    { isOpen, how: { wire: true } },
  );

  compared(
    `a request ${kind}, a part of it a while before the rest`,
    async (client, events) => {
      await says(client, text.slice(0, 20));
      while (!events.includes('secureConnection')) await turns(1);
      await turns(20);
      await says(client, text.slice(20));
      await over(client);
    },
    { isOpen },
  );
}

for (const create of CREATES) {
  /** @param {string} title @param {(serve: (how?: object) => ReturnType<typeof attachedSecurely>, t: import('node:test').TestContext) => Promise<void>} body */
  const both = (title, body) =>
    test(`${nameOf(create)}: ${title}`, limit, (t) => body((how) => attachedSecurely(t, { create, ...how }), t));

  both('a handshake that comes byte by byte, and a WebSocket', async (serve, t) => {
    const { server, port } = await serve();
    server.on('message', (text, sid) => server.send(sid, text));
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const client = wired(t, port, { minVersion: version, maxVersion: version });
      client.wire.isCut = true;
      client.write(requestText());
      await comes(client, /101 Switching/);
      client.write(FRAME);
      await comes(client, /echo$/);
      client.destroy();
    }
  });

  both('the end of the handshake, the request and frames in one segment', async (serve, t) => {
    const { server, port } = await serve();
    server.on('message', (text, sid) => server.send(sid, text));
    // A client of TLS 1.3 says all of that before it hears more.
    const client = wired(t, port, { minVersion: 'TLSv1.3' });
    client.wire.tcp.once('data', () => client.wire.hold());
    await once(client, 'secureConnect');
    await says(client, requestText());
    await says(client, FRAME);
    client.wire.release();
    await comes(client, /101 Switching[\s\S]*echo$/);
    client.destroy();
  });

  both('frames behind a request, in its record, in its segment and in the next', async (serve, t) => {
    const { server, port } = await serve();
    const got = new Map();
    server.on('message', (text, sid) => got.set(sid, [...(got.get(sid) ?? []), text]) && server.send(sid, text));
    const texts = Array.from({ length: 12 }, (_, index) => `n${index}`);
    const frames = texts.map((payload) => encode({ opcode: TEXT, payload }));
    for (const inRecord of [0, 1, 5]) {
      for (const inSegment of [0, 1, 5]) {
        const client = wired(t, port);
        await once(client, 'secureConnect');
        const opened = once(server, 'open');
        client.wire.hold();
        await says(client, Buffer.concat([Buffer.from(requestText()), ...frames.slice(0, inRecord)]));
        for (const frame of frames.slice(inRecord, inRecord + inSegment)) await says(client, frame);
        client.wire.release();
        for (const frame of frames.slice(inRecord + inSegment)) await says(client, frame);
        const [sid] = await opened;
        await comes(client, /n11$/);
        assert.deepEqual(got.get(sid), texts, `${inRecord} ${inSegment}`);
        client.destroy();
      }
    }
  });

  both('a frame that is cut by the end of the request’s segment', async (serve, t) => {
    const { server, port } = await serve();
    server.on('message', (text, sid) => server.send(sid, text));
    for (let cut = 1; cut < FRAME.length; cut++) {
      const client = wired(t, port);
      await once(client, 'secureConnect');
      client.wire.hold();
      await says(client, requestText());
      await says(client, FRAME.subarray(0, cut));
      client.wire.release();
      await says(client, FRAME.subarray(cut));
      await comes(client, /echo$/);
      client.destroy();
    }
  });

  both('a record that is cut by the end of the request’s segment', async (serve, t) => {
    const { server, port } = await serve();
    server.on('message', (text, sid) => server.send(sid, text));
    for (const cut of [1, 4, 5, 6, 20]) {
      const client = wired(t, port);
      await once(client, 'secureConnect');
      client.wire.hold();
      await says(client, requestText());
      const length = client.wire.held;
      await says(client, FRAME);
      client.wire.release(length + cut);
      await comes(client, /101 Switching/);
      client.wire.release();
      await comes(client, /echo$/);
      client.destroy();
    }
  });

  both('a close frame right behind the request', async (serve, t) => {
    const { server, httpServer, port } = await serve();
    const closing = once(server, 'close');
    const client = wired(t, port);
    await once(client, 'secureConnect');
    client.wire.hold();
    await says(client, requestText());
    await says(client, encode({ opcode: 8, payload: Buffer.of(0x03, 0xe8) }));
    client.wire.release();
    while (!client.text.endsWith('\x88\x02\x03\xe8')) await once(client, 'data');
    client.destroy();
    await closing;
    await counted(httpServer, 0);
  });

  both(
    'an upgrade listener of the app’s has the socket, as Node.js leaves it, and what came behind',
    async (serve, t) => {
      for (const inRecord of [true, false]) {
        const { server, httpServer, port } = await serve();
        server.close();
        httpServer.removeAllListeners('upgrade');
        const upgraded = new Promise((resolve) => httpServer.on('upgrade', (...args) => resolve(args)));
        const client = wired(t, port);
        await once(client, 'secureConnect');
        client.wire.hold();
        const text = requestText({ line: 'GET /chat HTTP/1.1' });
        if (inRecord) {
          await says(client, `${text}head`);
        } else {
          await says(client, text);
          await says(client, 'head');
        }
        client.wire.release();
        const [req, socket, head] = await upgraded;
        assert.ok(req instanceof http.IncomingMessage && Buffer.isBuffer(head));
        assert.deepEqual(
          [
            req.url,
            req.socket === socket,
            req.connection === socket,
            req.client === socket,
            socket.server === httpServer,
          ],
          ['/chat', true, true, true, true],
        );
        if (inRecord) assert.equal(String(head), 'head');
        const names = ['data', 'readable', 'error', 'timeout', 'drain'];
        const counts = names.map((name) => socket.listenerCount(name));
        assert.deepEqual(counts.slice(0, 2), [0, 0]);
        assert.deepEqual(
          [socket.encrypted, socket.authorized, socket.getProtocol(), socket.readableFlowing, socket.destroyed],
          [true, false, 'TLSv1.3', null, false],
        );
        assert.deepEqual(
          [socket.remoteAddress, socket.remotePort, socket.localPort],
          ['127.0.0.1', client.wire.tcp.localPort, port],
        );
        let got = String(head);
        socket.on('data', (chunk) => (got += chunk));
        while (got !== 'head') await once(socket, 'data');
        // All that has come, as plain text.
        assert.equal(socket.bytesRead, text.length + 4);
        socket.write('HTTP/1.1 101 X\r\n\r\n');
        await comes(client, /101 X/);
        client.write('more');
        while (got !== 'headmore') await once(socket, 'data');
        const ended = once(socket, 'end');
        client.end();
        await ended;
        socket.end();
        await counted(httpServer, 0);
      }
    },
  );

  both('an upgrade listener of the app’s beside that of a Server has each request', async (serve, t) => {
    const { httpServer, port } = await serve();
    const urls = [];
    httpServer.on('upgrade', (req, socket) => urls.push([req.url, socket.encrypted]));
    for (const path of ['/a', '/b']) {
      const client = dialed(t, port);
      client.write(requestText({ line: `GET ${path} HTTP/1.1` }));
      await comes(client, /101 Switching/);
      client.destroy();
    }
    assert.deepEqual(urls, [
      ['/a', true],
      ['/b', true],
    ]);
  });

  both('setNoDelay, setKeepAlive and ref may be called on the socket of a plain request', async (serve, t) => {
    const { httpServer, port } = await serve();
    httpServer.prependListener('request', ({ socket }) => {
      socket.setNoDelay(true).setNoDelay(false).setKeepAlive(true, 1_000).unref().ref();
    });
    const client = dialed(t, port);
    client.write(LAST);
    await closed(client);
    assert.match(client.text, /200 OK/);
  });
}

for (const [kind, text] of Object.entries({ plain: GET, 'for a WebSocket': requestText() })) {
  test(`close_notify and FIN in the segment of a request ${kind}: it ends, as by Node.js`, limit, async (t) => {
    const all = [];
    for (const create of CREATES) {
      const { server, httpServer, port } = await attachedSecurely(t, { create });
      const events = emitted(httpServer);
      const heard = [];
      for (const name of ['open', 'close', 'error']) server.on(name, () => heard.push(name));
      const client = wired(t, port);
      await once(client, 'secureConnect');
      client.wire.hold();
      await says(client, text);
      client.end();
      await turns();
      const { tcp } = client.wire;
      const ended = once(tcp, 'end');
      client.wire.release();
      await ended;
      await counted(httpServer, 0);
      tcp.destroy();
      all.push({ events, heard });
    }
    assert.deepEqual(all[1], all[0]);
  });

  test(`close_notify right behind a request ${kind}: what is answered is as by Node.js`, limit, async (t) => {
    const all = [];
    for (const create of CREATES) {
      const { server, httpServer, port } = await attachedSecurely(t, { create });
      const heard = [];
      for (const name of ['open', 'close', 'error']) server.on(name, () => heard.push(name));
      const client = dialed(t, port);
      await once(client, 'secureConnect');
      client.end(text);
      await once(client, 'end');
      await counted(httpServer, 0);
      all.push({ heard, text: plain(client.text) });
    }
    assert.deepEqual(all[1], all[0]);
  });
}

test('a request for a WebSocket that comes whole is read by Rust, and no other', {
  ...limit,
  skip: !hasDoors,
}, async (t) => {
  const { server, httpServer, port } = await attachedSecurely(t, { create: createSecureServer });
  const events = emitted(httpServer);
  const found = [];
  server.shouldAccept = (req) => found.push(Object.getOwnPropertyDescriptor(req, 'socket').get !== undefined) > 0;
  for (const say of [
    (client) => says(client, requestText()),
    (client) => says(client, Buffer.concat([Buffer.from(requestText()), FRAME])),
    async (client) => {
      await says(client, requestText().slice(0, 20));
      // The frame of the one before has made one as well.
      while (events.filter((name) => name === 'secureConnection').length < 2) await turns(1);
      await says(client, requestText().slice(20));
    },
    (client) => says(client, GET + requestText()),
  ]) {
    const client = dialed(t, port);
    await say(client);
    await comes(client, /101 Switching/);
    client.destroy();
  }
  assert.deepEqual(found, [true, false, false, false]);
});
