'use strict';

// socket.io's server on websockets/engine.io, with socket.io's own client; and what engine.io's test suite
// asks of the WebSocket transport, with the client of ws, which says what it is told to.

const assert = require('node:assert/strict');
const { channel } = require('node:diagnostics_channel');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const { test } = require('node:test');
const { Server: IoServer } = require('socket.io');
const { io } = require('socket.io-client');
const { Server: wsEngine } = require('../../engine.io.js');
const { selfSigned } = require('../support/certificate');
const { run } = require('../support/child');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const isTls = process.env.WEBSOCKETS_TEST_TRANSPORT === 'tls';
const pair = isTls ? selfSigned() : undefined;
const trust = isTls ? { rejectUnauthorized: false } : {};

/**
 * A socket.io server over `wsEngine`, which is gone when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of socket.io
 * @param {boolean} [options.alone] engine.io without socket.io above it
 */
async function serve(t, { alone = false, ...options } = {}) {
  const httpServer = isTls ? https.createServer(pair) : http.createServer();
  const server = new IoServer(httpServer, { wsEngine, ...options });
  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  t.after(() => server.close());
  if (alone) server.engine.removeAllListeners('connection');
  const at = `127.0.0.1:${httpServer.address().port}`;
  return {
    server,
    engine: server.engine,
    /** A client of socket.io. */
    connect(more) {
      const client = io(`http${isTls ? 's' : ''}://${at}`, { forceNew: true, ...trust, ...more });
      t.after(() => client.disconnect());
      return client;
    },
    /** A client of ws that has begun an engine.io session, or takes part in one. */
    async raw(query = '', more = {}) {
      const client = new Client(`ws${isTls ? 's' : ''}://${at}/socket.io/?EIO=4&transport=websocket${query}`, {
        ...trust,
        ...more,
      });
      client.opened.catch(() => {});
      t.after(() => client.destroy());
      return client;
    },
  };
}

const websocket = { transports: ['websocket'] };

/** The engine.io socket of the next client. */
async function nextSession(engine, connecting) {
  const [[session], client] = await Promise.all([once(engine, 'connection'), connecting]);
  return { session, client };
}

test('from polling up to the WebSocket; acknowledgements, text and binary, both ways', limit, async (t) => {
  const { server, connect } = await serve(t);
  const connected = once(server, 'connection');
  const client = connect();
  const upgraded = new Promise((resolve) => {
    client.io.on('open', () => client.io.engine.once('upgrade', resolve));
  });
  const [socket] = await connected;
  await upgraded;
  if (socket.conn.transport.name !== 'websocket') await once(socket.conn, 'upgrade');
  assert.equal(socket.conn.transport.name, 'websocket');
  socket.on('echo', (...args) => args.pop()(...args));
  const data = { text: 'é ✓', list: [1, null], bytes: Buffer.from([0, 255]) };
  assert.deepEqual(await client.emitWithAck('echo', data), data);
  client.on('ask', (value, ack) => ack(value));
  assert.deepEqual(await socket.emitWithAck('ask', data), data);
});

test('the WebSocket alone: rooms, broadcasts, and leaving', limit, async (t) => {
  const { server, connect } = await serve(t);
  server.on('connection', (socket) =>
    socket.on('join', (room, ack) => {
      socket.join(room);
      ack();
    }),
  );
  const clients = [connect(websocket), connect(websocket), connect(websocket)];
  const heard = clients.map(() => []);
  for (const [i, client] of clients.entries()) {
    client.on('say', (text) => heard[i].push(text));
    if (!client.connected) await once(client, 'connect');
    await client.emitWithAck('join', i < 2 ? 'few' : 'other');
  }
  server.to('few').emit('say', 'to few');
  server.emit('say', 'to all');
  server.except('few').emit('say', 'to others');
  const last = Promise.all(clients.map((client) => once(client, 'last')));
  server.emit('last', Buffer.from('binary'));
  assert.deepEqual(
    (await last).map(([data]) => String(data)),
    ['binary', 'binary', 'binary'],
  );
  assert.deepEqual(heard, [
    ['to few', 'to all'],
    ['to few', 'to all'],
    ['to all', 'to others'],
  ]);
  const gone = once([...server.sockets.sockets.values()][0], 'disconnect');
  clients[0].disconnect();
  assert.equal((await gone)[0], 'client namespace disconnect');
});

test('200 clients: each hears every broadcast, in order, and its own messages between', limit, async (t) => {
  const { server, connect } = await serve(t);
  server.on('connection', (socket) => socket.on('ready', (ack) => ack()));
  const clients = Array.from({ length: 200 }, () => connect(websocket));
  const heard = clients.map((client) => {
    const list = [];
    client.on('n', (value) => list.push(value));
    return list;
  });
  await Promise.all(clients.map((client) => client.emitWithAck('ready')));
  const done = Promise.all(clients.map((client) => once(client, 'done')));
  for (let i = 0; i < 20; i++) {
    server.emit('n', i);
    if (i % 5 === 0) for (const socket of server.sockets.sockets.values()) socket.emit('n', `own ${i}`);
  }
  server.emit('done');
  await done;
  const expected = Array.from({ length: 20 }, (_, i) => (i % 5 === 0 ? [i, `own ${i}`] : [i])).flat();
  for (const list of heard) assert.deepEqual(list, expected);
});

test('a client that is dropped comes back', limit, async (t) => {
  const { server, connect } = await serve(t);
  const first = once(server, 'connection');
  const client = connect({ ...websocket, reconnectionDelay: 10, randomizationFactor: 0 });
  const [socket] = await first;
  await once(client, 'connect');
  const [again, lost] = [once(server, 'connection'), once(client, 'disconnect')];
  socket.conn.transport.socket._socket.destroy();
  assert.equal((await lost)[0], 'transport close');
  const [other] = await again;
  assert.notEqual(other.id, socket.id);
});

test("engine.io's pings, and the end of who does not answer", limit, async (t) => {
  const { engine, raw } = await serve(t, { alone: true, pingInterval: 50, pingTimeout: 100 });
  const { session, client } = await nextSession(engine, raw());
  await client.opened;
  assert.equal(JSON.parse((await client.message()).slice(1)).pingInterval, 50);
  assert.equal(await client.message(), '2');
  const heartbeat = once(session, 'heartbeat');
  client.send('3');
  await heartbeat;
  const [reason] = await once(session, 'close');
  assert.equal(reason, 'ping timeout');
  await client.closed();
});

test('the close reasons of engine.io', limit, async (t) => {
  const { engine, raw } = await serve(t, { alone: true });
  for (const [end, expected] of [
    [({ client }) => client.ws.close(), 'transport close'],
    [({ client }) => client.destroy(), 'transport close'],
    [({ client }) => client.send('no packet'), 'parse error'],
    [({ session }) => session.close(), 'forced close'],
    [({ client }) => client.ws._socket.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0])), 'transport error'],
  ]) {
    const both = await nextSession(engine, raw());
    await both.client.opened;
    const closed = once(both.session, 'close');
    end(both);
    assert.equal((await closed)[0], expected, String(end));
    await both.client.closed();
  }
});

test('maxHttpBufferSize bounds a message: 1009, and a transport error', limit, async (t) => {
  const { engine, raw } = await serve(t, { alone: true, maxHttpBufferSize: 1000 });
  const { session, client } = await nextSession(engine, raw());
  await client.opened;
  const data = once(session, 'data');
  await client.send(`4${'x'.repeat(999)}`);
  assert.equal((await data)[0].length, 999);
  const closed = once(session, 'close');
  await client.send(`4${'x'.repeat(1000)}`);
  assert.equal((await closed)[0], 'transport error');
  assert.equal((await client.closed()).code, 1009);
});

test('big payloads, text and binary, whole and in order; the callback of each send', limit, async (t) => {
  const { engine, raw } = await serve(t, { alone: true, maxHttpBufferSize: 1e8 });
  const { session, client } = await nextSession(engine, raw());
  await client.opened;
  await client.message();
  const big = 'é'.repeat(3e6);
  const sent = [];
  session.send(big, {}, () => sent.push('big'));
  session.send(Buffer.alloc(5e6, 7), {}, () => sent.push('binary'));
  const last = new Promise((resolve) => {
    session.send('small', {}, () => resolve(sent.push('small')));
  });
  assert.equal(await client.message(), `4${big}`);
  assert.deepEqual(await client.message(), Buffer.alloc(5e6, 7));
  assert.equal(await client.message(), '4small');
  await last;
  assert.deepEqual(sent, ['big', 'binary', 'small']);
  const data = once(session, 'data');
  await client.send(Buffer.alloc(5e6, 8));
  assert.deepEqual((await data)[0], Buffer.alloc(5e6, 8));
});

test('a peer that does not read: packets wait with engine.io, volatile ones are dropped', limit, async (t) => {
  const { server, engine, raw } = await serve(t);
  const { session, client } = await nextSession(engine, raw());
  await client.opened;
  const connected = once(server, 'connection');
  await client.send('40');
  const [socket] = await connected;
  await client.inbox.atLeast('message', 2);
  client.ws._socket.pause();
  const big = 'x'.repeat(20e6);
  socket.emit('big', big);
  await new Promise(setImmediate);
  assert.equal(session.transport.writable, false);
  socket.volatile.emit('volatile');
  socket.emit('waits');
  assert.equal(session.writeBuffer.length, 1);
  client.ws._socket.resume();
  const messages = await client.inbox.atLeast('message', 4);
  assert.deepEqual(
    messages.slice(2).map(([text]) => text.slice(0, 10)),
    ['42["big","', '42["waits"]'.slice(0, 10)],
  );
  assert.equal(messages[2][0].length, big.length + '42["big",""]'.length);
});

test('who is lost with packets under way is discarded, and what is sent to it later does nothing', limit, async (t) => {
  const { engine, raw } = await serve(t, { alone: true });
  const { session, client } = await nextSession(engine, raw());
  await client.opened;
  await client.message();
  const { socket } = session.transport;
  client.ws._socket.pause();
  session.send('x'.repeat(20e6));
  session.send('waits');
  const closed = once(session, 'close');
  client.destroy();
  assert.match((await closed)[0], /^transport (close|error)$/);
  if (socket.readyState !== 3) await once(socket, 'close');
  session.send('too late');
  await assert.rejects(
    new Promise((resolve, reject) => {
      socket.send('too late', (error) => (error ? reject(error) : resolve()));
    }),
    /WebSocket is not open: readyState 3/,
  );
  assert.equal(engine.clientsCount, 0);
});

test('perMessageDeflate: negotiated as asked, compressed from the threshold on', limit, async (t) => {
  const { engine, raw } = await serve(t, {
    alone: true,
    perMessageDeflate: { threshold: 100, serverNoContextTakeover: true, zlibDeflateOptions: { level: 1 } },
  });
  const { session, client } = await nextSession(engine, raw('', { perMessageDeflate: true }));
  await client.opened;
  assert.match(client.ws.extensions, /permessage-deflate/);
  await client.message();
  const read = () => client.ws._socket.bytesRead;
  const before = read();
  session.send('x'.repeat(50_000));
  assert.equal((await client.message()).length, 50_001);
  if (!isTls) assert.ok(read() - before < 1000, `${read() - before} bytes`);
  const { session: plain, client: other } = await nextSession(engine, raw('', { perMessageDeflate: false }));
  await other.opened;
  await other.message();
  assert.equal(other.ws.extensions, '');
  plain.send('as it is');
  assert.equal(await other.message(), '4as it is');
});

test('without it nothing is negotiated, and broadcasts of socket.io come as they are', limit, async (t) => {
  const { server, engine, raw } = await serve(t);
  const { client } = await nextSession(engine, raw('', { perMessageDeflate: true }));
  await client.opened;
  assert.equal(client.ws.extensions, '');
  const connected = once(server, 'connection');
  await client.send('40');
  await connected;
  await client.inbox.atLeast('message', 2);
  server.emit('é', '✓');
  server.emit('n', 1);
  const messages = await client.inbox.atLeast('message', 4);
  assert.deepEqual(messages.slice(2), [['42["é","✓"]'], ['42["n",1]']]);
});

test('initial_headers and headers reach the response; the cookie too', limit, async (t) => {
  const { engine, raw } = await serve(t, { cookie: true });
  engine.on('initial_headers', (headers) => {
    headers['X-Initial'] = '1';
  });
  engine.on('headers', (headers, req) => {
    headers['X-All'] = String(req._query.EIO);
  });
  const client = await raw();
  const [res] = await once(client.ws, 'upgrade');
  assert.equal(res.headers['x-initial'], '1');
  assert.equal(res.headers['x-all'], '4');
});

test('a headers listener that throws is an uncaught exception, and the request is refused', limit, async (t) => {
  const { engine, raw } = await serve(t);
  const thrown = [];
  process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  engine.on('headers', () => {
    throw new Error('mine');
  });
  await assert.rejects((await raw()).opened, /500/);
  assert.deepEqual(thrown, ['mine']);
});

test('allowRequest refuses; an upgrade of a session that is unknown too', limit, async (t) => {
  const { raw, server } = await serve(t, { allowRequest: (req, decide) => decide('no', !req.headers.refused) });
  await assert.rejects((await raw('', { headers: { refused: '1' } })).opened);
  await assert.rejects((await raw('&sid=unknown')).opened, /400/);
  const malformed = await raw('', { protocolVersion: 8 });
  await assert.rejects(malformed.opened, /426/);
  assert.equal(server.engine.clientsCount, 0);
});

test('close() of socket.io ends the connections; requests to an engine that is closed get 503', limit, async (t) => {
  const { server, engine, raw } = await serve(t);
  const { client } = await nextSession(engine, raw());
  await client.opened;
  engine.ws.close();
  await assert.rejects((await raw()).opened, /503/);
  server.close();
  await client.closed();
});

test('a broadcast in the tick of process.exit() arrives', limit, async (t) => {
  const child = run(t, 'broadcast-and-exit.js', [pair ?? {}]);
  const [, port] = await child.says();
  const clients = [1, 2, 3].map(() =>
    io(`http${isTls ? 's' : ''}://127.0.0.1:${port}`, { forceNew: true, reconnection: false, ...websocket, ...trust }),
  );
  t.after(() => clients.forEach((client) => client.disconnect()));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  const heard = clients.map((client) => Promise.race([once(client, 'last words'), once(client, 'disconnect')]));
  clients[0].emit('leave');
  assert.deepEqual(
    await Promise.all(heard),
    clients.map(() => ['to all']),
  );
  assert.equal((await child.exited).code, 7);
});

test('a stream that throws within a broadcast keeps no callback from being called', limit, async (t) => {
  const child = run(t, 'throwing-broadcast.js');
  const said = [];
  while (said.length < 3) said.push((await child.says()).join(' '));
  assert.deepEqual(said.sort(), ['called 0', 'called 1', 'uncaught no write']);
});

test('a socket that cannot be taken over is dropped: nothing is thrown', limit, async (t) => {
  const errors = [];
  const hear = ({ error }) => errors.push(error.code);
  channel('websockets:error').subscribe(hear);
  t.after(() => channel('websockets:error').unsubscribe(hear));
  const engine = new wsEngine();
  const opened = [];
  const httpServer = http.createServer().on('upgrade', (req, socket, head) => {
    for (let i = 0; i < 2; i++) engine.handleUpgrade(req, socket, head, (one) => opened.push(one));
  });
  t.after(() => httpServer.close());
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  const client = new Client(`ws://127.0.0.1:${httpServer.address().port}/`);
  client.opened.catch(() => {});
  assert.equal((await client.closed()).code, 1006);
  assert.deepEqual(errors, ['ERR_WS_SOCKET_TAKEN']);
  assert.equal(opened.length, 1);
});

test('a handshake whose socket the app destroys after it was accepted ends, as aborted', limit, async (t) => {
  const ends = [];
  const hear = ({ status, code }) => ends.push([status, code]);
  channel('websockets:handshake:end').subscribe(hear);
  t.after(() => channel('websockets:handshake:end').unsubscribe(hear));
  const engine = new wsEngine().on('headers', (_lines, { socket }) => process.nextTick(() => socket.destroy()));
  const opened = new Promise((resolve) => {
    const httpServer = http.createServer().on('upgrade', (...args) => engine.handleUpgrade(...args, resolve));
    t.after(() => httpServer.close());
    httpServer.listen(0, '127.0.0.1', () => {
      const client = new Client(`ws://127.0.0.1:${httpServer.address().port}/`);
      client.opened.catch(() => {});
      t.after(() => client.destroy());
    });
  });
  await opened;
  assert.deepEqual(ends, [[undefined, 'ERR_WS_UPGRADE_ABORTED']]);
});

test('wrong options throw', () => {
  assert.throws(() => new wsEngine({ maxPayload: -1 }), { code: 'ERR_OUT_OF_RANGE' });
  assert.throws(() => new wsEngine({ perMessageDeflate: { threshold: -1 } }), { code: 'ERR_OUT_OF_RANGE' });
  assert.equal(new wsEngine({ maxPayload: 0 }).handleUpgrade.length, 4);
});
