'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const tls = require('node:tls');
const { EventEmitter, once } = require('node:events');
const { test } = require('node:test');
const { Base } = require('../..');
const { run } = require('../support/child');
const { selfSigned } = require('../support/certificate');
const { SIZES, UNITS, bytesOf, textOf } = require('../support/payloads');
const { listen } = require('../support/streams');
const { switchingProtocols } = require('../support/upgrade');
const { Client } = require('../support/ws-client');

const limit = { timeout: 30_000 };
const MiB = 1 << 20;

/** One for the run. */
const PAIR = selfSigned();

/** Two servers of one `Base`, wss:// and ws://, and the clients that a test opens to them. */
class Servers {
  constructor(options, assignOptions) {
    this.base = new Base(options);
    this.events = listen(this.base);
    this.assigned = new EventEmitter();
    this.sockets = new Map();
    this.clients = [];
    this.secure = https.createServer(PAIR);
    this.plain = http.createServer();
    for (const server of [this.secure, this.plain]) {
      server.on('upgrade', (request, socket, head) => {
        socket.write(switchingProtocols(request));
        const sid = this.base.assignSocket(socket, { head, ...assignOptions });
        this.sockets.set(sid, socket);
        this.assigned.emit(request.url, sid);
      });
    }
  }

  async listen() {
    for (const server of [this.secure, this.plain]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return this;
  }

  /** @returns {Promise<Client>} open, with its `sid`, and with its certificate checked */
  async connect({ over = 'wss', ...options } = {}) {
    const { port } = (over === 'wss' ? this.secure : this.plain).address();
    const path = `/${this.clients.length}`;
    const assigned = once(this.assigned, path);
    const client = new Client(`${over}://localhost:${port}${path}`, { ca: PAIR.cert, family: 4, ...options });
    this.clients.push(client);
    await client.opened;
    [client.sid] = await assigned;
    return client;
  }

  async stop() {
    for (const client of this.clients) client.destroy();
    this.base.terminate(null);
    await this.events.until(() => this.events.list('close').length === this.events.list('open').length);
    for (const server of [this.secure, this.plain]) await new Promise((resolve) => server.close(resolve));
    assert.equal(this.base.connections, 0);
    for (const sid of this.sockets.keys()) {
      const life = this.events.all.filter(
        ({ name, args }) => sid === (name === 'error' ? args[0].sid : args[['open', 'drain'].includes(name) ? 0 : 1]),
      );
      const names = life.map(({ name }) => name);
      assert.deepEqual([names[0], names.indexOf('close')], ['open', names.length - 1]);
    }
  }
}

/** A test with both servers, that are there before and gone after. */
function secured(name, body, options, assignOptions) {
  test(name, limit, async (t) => {
    const servers = await new Servers(options, assignOptions).listen();
    const abandon = () => {
      servers.clients.forEach((client) => client.destroy());
      servers.secure.close();
      servers.plain.close();
      servers.base.terminate(null);
    };
    t.signal.addEventListener('abort', abandon);
    try {
      await body(servers, t);
      await servers.stop();
    } catch (error) {
      abandon();
      throw error;
    }
  });
}

secured('a TLS socket goes by a stream, and that can be seen', async (servers) => {
  const { base } = servers;
  const [secure, plain] = [await servers.connect(), await servers.connect({ over: 'ws' })];
  assert.equal(base.sockets[secure.sid].transport, 'stream');
  assert.equal(base.sockets[plain.sid].transport, process.platform === 'win32' ? 'stream' : 'socket');
});

for (const [name, unit] of Object.entries(UNITS)) {
  secured(`text of ${name} is echoed, of all sizes`, async (servers) => {
    const { base, events } = servers;
    base.on('message', (text, sid) => base.send(sid, text));
    const client = await servers.connect();
    for (const size of SIZES.filter((bytes) => bytes <= MiB)) {
      const text = textOf(unit, size);
      client.send(text);
      assert.equal((await events.next('message'))[0], text);
      assert.equal(await client.message(), text);
    }
  });
}

secured('binary data is echoed, of all sizes', async (servers) => {
  const { base } = servers;
  base.on('binary', (data, sid) => base.send(sid, data));
  const client = await servers.connect();
  for (const size of SIZES) {
    const data = bytesOf(size);
    client.send(data);
    assert.ok((await client.message()).equals(data), `${size} bytes`);
  }
});

secured('all types that send takes arrive', async (servers) => {
  const { base } = servers;
  const client = await servers.connect();
  const bytes = Buffer.from([1, 2, 3, 4]);
  for (const data of [
    bytes,
    new Uint8Array(bytes),
    new DataView(new Uint8Array(bytes).buffer),
    new Uint8Array(bytes).buffer,
  ]) {
    base.send(client.sid, data);
    assert.deepEqual(await client.message(), bytes);
  }
  base.send(client.sid, 'text');
  assert.equal(await client.message(), 'text');
});

secured('fragments, and pings both ways', async (servers) => {
  const { base, events } = servers;
  const client = await servers.connect();
  client.ws.send('one ', { fin: false });
  client.ws.send('two ', { fin: false });
  client.ws.send('three');
  assert.deepEqual(await events.next('message'), ['one two three', client.sid]);
  client.ws.ping('theirs');
  assert.deepEqual(await events.next('ping'), ['theirs', client.sid, Buffer.from('theirs')]);
  assert.deepEqual(await client.inbox.next('pong'), ['theirs']);
  base.ping(client.sid, 'ours');
  assert.deepEqual(await events.next('pong'), ['ours', client.sid, Buffer.from('ours')]);
});

secured('broadcasts reach socket and stream connections together, each in the order of the calls', async (servers) => {
  const { base } = servers;
  const clients = [];
  for (const over of ['wss', 'ws', 'wss', 'ws']) clients.push(await servers.connect({ over }));
  const transports = clients.map(({ sid }) => base.sockets[sid].transport);
  assert.equal(transports[0], 'stream');
  assert.equal(transports[2], 'stream');
  const expected = clients.map(() => []);
  for (let i = 0; i < 200; i++) {
    base.send(`all ${i}`);
    const who = i % clients.length;
    base.send(clients[who].sid, `one ${i}`);
    const others = clients.filter((_, j) => j !== who);
    base.send(
      others.map(({ sid }) => sid),
      `some ${i}`,
    );
    expected.forEach((list, j) => list.push(`all ${i}`, j === who ? `one ${i}` : `some ${i}`));
    if (i % 50 === 0) await new Promise(setImmediate);
  }
  for (const [i, client] of clients.entries()) {
    await client.inbox.atLeast('message', 400);
    assert.deepEqual(client.messages, expected[i]);
  }
  const { messagesSent } = base.stats();
  assert.equal(messagesSent, 200 * (4 + 1 + 3));
});

secured('close by us, and by the client', async (servers) => {
  const { base, events } = servers;
  const ours = await servers.connect();
  base.close(ours.sid, 4000, 'ours');
  assert.deepEqual(await ours.closed(), { code: 4000, reason: 'ours' });
  assert.deepEqual(await events.next('close'), ['ours', ours.sid, 4000]);
  const theirs = await servers.connect();
  theirs.ws.close(3000, 'theirs');
  assert.deepEqual(await events.next('close'), ['theirs', theirs.sid, 3000]);
  assert.deepEqual(await theirs.closed(), { code: 3000, reason: 'theirs' });
  const bare = await servers.connect();
  bare.ws.close();
  assert.deepEqual(await events.next('close'), ['', bare.sid, 1005]);
});

secured('what was sent before a close arrives before it', async (servers) => {
  const { base } = servers;
  const client = await servers.connect();
  for (let i = 0; i < 20; i++) base.send(client.sid, textOf('x', 100_000));
  base.close(client.sid, 'then');
  assert.deepEqual(await client.closed(), { code: 1000, reason: 'then' });
  assert.equal(client.messages.length, 20);
});

secured('terminate, by us and by the client', async (servers) => {
  const { base, events } = servers;
  const [ours, theirs] = [await servers.connect(), await servers.connect()];
  base.terminate(ours.sid);
  assert.deepEqual(await events.next('close'), ['', ours.sid, 1006]);
  assert.equal((await ours.closed()).code, 1006);
  theirs.ws.terminate();
  assert.deepEqual(await events.next('close'), ['', theirs.sid, 1006]);
  assert.equal(events.list('error').length, 0);
});

secured(
  'closeTimeout drops a client that does not answer',
  async (servers) => {
    const { base, events } = servers;
    const client = await servers.connect();
    client.ws._socket.pause();
    base.close(client.sid, 'unheard');
    assert.deepEqual(await events.next('close'), ['unheard', client.sid, 1000]);
  },
  { closeTimeout: 50 },
);

secured(
  'what a client does wrong is an error, and its close frame says so',
  async (servers) => {
    const { events } = servers;
    const client = await servers.connect();
    client.send(Buffer.alloc(1001));
    const [error] = await events.next('error');
    assert.deepEqual([error.code, error.sid, error.closeCode], ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', client.sid, 1009]);
    assert.equal((await client.closed()).code, 1009);
  },
  { maxPayload: 1000 },
);

secured('an unmasked frame is refused: enforceMasking is on for a TLS socket', async (servers) => {
  const { events } = servers;
  const client = await servers.connect();
  client.ws._socket.write(Buffer.from([0x81, 1, 0x78]));
  assert.equal((await events.next('error'))[0].code, 'WS_ERR_EXPECTED_MASK');
});

secured('pause stops what comes, TCP stops the client, and resume brings all of it in order', async (servers) => {
  const { base, events } = servers;
  const client = await servers.connect();
  base.pause(client.sid);
  const before = base.stats().bytesReceived;
  let unsent = 0;
  for (let i = 0; i < 40; i++) {
    unsent++;
    client.ws.send(Buffer.alloc(MiB, i), () => unsent--);
  }
  // A round trip of another connection, many times over: time for anything that would come.
  const other = await servers.connect();
  for (let i = 0; i < 50; i++) {
    base.ping(other.sid, `${i}`);
    await events.next('pong');
  }
  assert.equal(events.list('binary').length, 0);
  assert.ok(base.stats().bytesReceived - before < MiB, 'it is not read');
  assert.ok(unsent > 0, 'the client waits');
  base.resume(client.sid);
  await events.atLeast('binary', 40);
  assert.ok(events.list('binary').every(([data], i) => data.length === MiB && data[0] === i));
});

secured('a client that does not read: bufferedAmount, then drain when it does', async (servers) => {
  const { base, events } = servers;
  const client = await servers.connect();
  client.ws._socket.pause();
  base.send(client.sid, Buffer.alloc(40 * MiB, 1));
  const queued = base.bufferedAmount(client.sid);
  assert.ok(queued > 20 * MiB && queued <= 40 * MiB + 10, `${queued}`);
  assert.ok(base.stats().queuedBytes >= queued);
  assert.equal(events.list('drain').length, 0);
  const drained = once(base, 'drain').then(([sid]) => [sid, base.bufferedAmount(sid)]);
  client.ws._socket.resume();
  assert.deepEqual(await drained, [client.sid, 0]);
  assert.equal((await client.message()).length, 40 * MiB);
});

secured(
  'a client that never reads is dropped at maxBufferedAmount, and nobody else',
  async (servers) => {
    const { base, events } = servers;
    const [deaf, other] = [await servers.connect(), await servers.connect()];
    deaf.ws._socket.pause();
    let sent = 0;
    while (events.list('error').length === 0 && sent < 200) {
      base.send(Buffer.alloc(MiB, sent++));
      await other.message();
    }
    const [error] = await events.next('error');
    assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', deaf.sid]);
    assert.deepEqual(await events.next('close'), ['', deaf.sid, 1006]);
    assert.deepEqual([...base.socketsHistory], [other.sid]);
  },
  { maxBufferedAmount: 4 * MiB },
);

secured('statistics count the bytes of the WebSocket, not those of TLS', async (servers) => {
  const { base, events } = servers;
  const client = await servers.connect();
  client.send('12345');
  await events.next('message');
  base.send(client.sid, '123');
  await client.message();
  const { connections, bytesReceived, bytesSent, messagesReceived, messagesSent } = base.stats();
  assert.deepEqual(
    { connections, bytesReceived, bytesSent, messagesReceived, messagesSent },
    {
      connections: 1,
      bytesReceived: 6 + 5,
      bytesSent: 2 + 3,
      messagesReceived: 1,
      messagesSent: 1,
    },
  );
});

secured('the socket object tells the truth, and drives the WebSocket', async (servers) => {
  const { base, events, sockets } = servers;
  const client = await servers.connect();
  const socket = sockets.get(client.sid);
  assert.equal(base.sockets[client.sid].socket, socket);
  assert.equal(base.sockets[client.sid].remoteAddress, '127.0.0.1');
  assert.equal(socket.encrypted, true);
  assert.equal(socket.getProtocol(), 'TLSv1.3');
  const [error] = await new Promise((resolve) => socket.write('x', (...args) => resolve(args)));
  assert.equal(error.code, 'ERR_WS_SOCKET_TAKEN');
  socket.end();
  assert.deepEqual(await client.closed(), { code: 1000, reason: '' });
  await events.next('close');
  const again = await servers.connect();
  sockets.get(again.sid).destroy();
  assert.deepEqual(await events.next('close'), ['', again.sid, 1006]);
});

secured('frames that came with the upgrade are honoured', async (servers) => {
  const { events } = servers;
  const { port } = servers.secure.address();
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: PAIR.cert });
  const head = Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from('early')]);
  socket.write(
    Buffer.concat([
      Buffer.from(
        'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      ),
      head,
    ]),
  );
  assert.equal((await events.next('message'))[0], 'early');
  socket.destroy();
});

secured("transport: 'socket' cannot be had: an error with the reason, and the socket is as it was", async (servers) => {
  const { base, events, secure } = servers;
  let tried = 0;
  secure.prependListener('upgrade', (_request, socket, head) => {
    for (const extensions of [undefined, []]) {
      assert.throws(
        () => base.assignSocket(socket, { head, extensions, transport: 'socket' }),
        (error) => error.code === 'ERR_WS_UNSUPPORTED_SOCKET' && /TLS/.test(error.message),
      );
      tried++;
    }
    assert.equal(events.list('open').length, 0);
  });
  const client = await servers.connect();
  assert.equal(tried, 2);
  base.send(client.sid, 'after all');
  assert.equal(await client.message(), 'after all');
});

for (const where of ['in the listener', 'in a timer']) {
  for (const size of [10, 50_000]) {
    test(`send of ${size} bytes and process.exit() ${where}: it arrives, and close 1001`, limit, async (t) => {
      const child = run(t, 'tls-send-and-exit.js', [where, size]);
      const [, port, ca] = await child.says();
      const client = new Client(`wss://localhost:${port}`, { ca, family: 4 });
      t.after(() => client.destroy());
      await client.opened;
      client.send('go');
      assert.equal((await client.closed()).code, 1001);
      assert.deepEqual(client.messages, ['x'.repeat(size), 'last']);
      assert.deepEqual(await child.exited, { code: 7, signal: null });
      assert.equal(child.lines.length, 1, 'no close event in an env that ends');
    });
  }
}
