'use strict';

const assert = require('node:assert/strict');
const { channel } = require('node:diagnostics_channel');
const http = require('node:http');
const https = require('node:https');
const { performance } = require('node:perf_hooks');
const { describe, test } = require('node:test');
const { getEventListeners, once } = require('node:events');
const { WebSocketServer } = require('ws');
const { Base, Client, Server } = require('../..');
const { delayBefore } = require('../../lib/client/reconnect');
const { selfSigned } = require('../support/certificate');
const clock = require('../../lib/util/clock.js');
const { Inbox } = require('../support/inbox');
const { limit, unixPath } = require('../support/server');

const EVENTS = ['open', 'message', 'binary', 'close', 'error'];

/** A server of ws, which is gone when the test ends. */
async function serve(t, options) {
  const wss = new WebSocketServer(options ?? { port: 0, host: '127.0.0.1' });
  if (options?.server === undefined) await once(wss, 'listening');
  t.after(() => {
    for (const client of wss.clients) client.terminate();
    wss.close();
  });
  return { wss, url: options?.server === undefined ? `ws://127.0.0.1:${wss.address().port}` : undefined };
}

/** Closes an HTTP server, whoever is still connected. */
function stop(server) {
  server.close(); // which returns nothing in Node 18
  server.closeAllConnections();
}

/** A Client and all that it says; what it has open is gone when the test ends. */
function make(t, options) {
  const client = new Client(options);
  t.after(() => client.terminate(null));
  return { client, events: new Inbox(client, EVENTS) };
}

test('a Client talks to a server of ws', limit, async (t) => {
  const { wss, url } = await serve(t);
  const { client, events } = make(t, { url });
  assert.ok(client instanceof Base);
  assert.deepEqual([client.mask, client.maxConnections], [true, Infinity]);
  wss.on('connection', (peer) => peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary })));
  assert.equal(client.open(), client);
  const [sid, res] = await events.next('open');
  assert.deepEqual([res.statusCode, res.headers.upgrade], [101, 'websocket']);
  assert.equal(client.sockets[sid].mask, true);
  client.send('text').send(sid, Buffer.from('bytes'));
  assert.deepEqual(await events.next('message'), ['text', sid]);
  assert.deepEqual(await events.next('binary'), [Buffer.from('bytes'), sid]);
  client.close(sid, 4000, 'enough');
  assert.deepEqual(await events.next('close'), ['enough', sid, 4000]);
});

test("the URL and the options of open take the place of the Client's", limit, async (t) => {
  const { wss, url } = await serve(t);
  const { client } = make(t, { url: `${url}/default`, protocols: ['a'], headers: { 'X-A': '1' } });
  const asked = new Inbox(wss, ['connection']);
  const next = async () => {
    const [, { url: path, headers }] = await asked.next('connection');
    return [path, headers['sec-websocket-protocol'], headers['x-a']];
  };
  client.open();
  assert.deepEqual(await next(), ['/default', 'a', '1']); // not /default/, as client.url has it
  client.open({ protocols: ['b'] });
  assert.deepEqual(await next(), ['/default', 'b', '1']);
  client.open(`${url}/other?x`, { headers: {} });
  assert.deepEqual(await next(), ['/other?x', 'a', undefined]);
  client.url = `${url}/written`;
  client.open();
  assert.deepEqual(await next(), ['/written', 'a', '1']);
  client.open(new URL(`${url}/object`));
  assert.deepEqual(await next(), ['/object', 'a', '1']);
});

test('wss:, with a certificate that is trusted or not', limit, async (t) => {
  const pair = selfSigned();
  const server = https.createServer(pair);
  const { wss } = await serve(t, { server });
  wss.on('connection', (peer) => peer.send('secret'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const { client, events } = make(t, {
    url: `wss://localhost:${server.address().port}`,
    lookup: (_name, options, done) =>
      options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
  });
  client.open({ ca: pair.cert });
  assert.equal((await events.next('message'))[0], 'secret');
  client.open();
  assert.equal((await events.next('error'))[0].code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
});

test('ws+unix:', limit, async (t) => {
  const path = unixPath();
  const server = http.createServer();
  const { wss } = await serve(t, { server });
  const asked = new Inbox(wss, ['connection']);
  await once(server.listen(path), 'listening');
  t.after(() => server.close());
  const { client, events } = make(t, { url: `ws+unix:${path}:/a` });
  client.open();
  await events.next('open');
  assert.equal((await asked.next('connection'))[1].url, '/a');
});

test('a handshake that fails is an error with status, excerpt and url, and no open', limit, async (t) => {
  const server = http.createServer((_req, res) => res.writeHead(401).end('who are you?'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => stop(server));
  const { client, events } = make(t);
  client.open(`ws://user:secret@127.0.0.1:${server.address().port}/`);
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.statusCode, error.body], ['ERR_WS_UNEXPECTED_RESPONSE', 401, 'who are you?']);
  assert.equal(error.url, `ws://127.0.0.1:${server.address().port}/`);
  assert.equal(events.all.length, 1);
});

test('and is thrown nowhere, where nobody listens', limit, async (t) => {
  const server = http.createServer((_req, res) => res.writeHead(401).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => stop(server));
  const client = new Client();
  const answered = new Promise((resolve) => server.on('request', (_req, res) => res.on('close', resolve)));
  client.open(`ws://127.0.0.1:${server.address().port}/`);
  await answered;
  await new Promise(setImmediate);
});

test('close() and terminate(null) end handshakes that are under way, without a word', limit, async (t) => {
  const server = http.createServer(() => {});
  const asked = new Inbox(server, ['request']);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => stop(server));
  const { client, events } = make(t, { reconnect: { minDelay: 0 } });
  for (const end of [() => client.close(), () => client.terminate(null), () => client.close(null)]) {
    client.open(`ws://127.0.0.1:${server.address().port}/`);
    const [req] = await asked.next('request');
    const closed = once(req.socket, 'close');
    end();
    await closed;
  }
  await new Promise(setImmediate);
  assert.deepEqual([events.all.length, asked.list('request').length], [0, 3]);
});

test('a connection that comes at the moment of close() is dropped', limit, async (t) => {
  const { wss, url } = await serve(t);
  const { client, events } = make(t);
  const peer = new Promise((resolve) => wss.on('connection', resolve));
  client.open(url);
  const socket = await peer;
  client.close(); // its answer is on the way
  await once(socket, 'close');
  assert.equal(events.all.length, 0);
});

test('a server whose frames are masked is refused', limit, async (t) => {
  const server = new Server();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.terminate(null).close());
  server.mask = true;
  const { client, events } = make(t, { url: `ws://127.0.0.1:${server.address().port}` });
  client.open();
  await events.next('open');
  server.send('masked');
  assert.equal((await events.next('error'))[0].code, 'WS_ERR_UNEXPECTED_MASK');
});

test('a signal ends the handshake with an error, and reconnecting', limit, async (t) => {
  const server = http.createServer(() => {});
  const asked = new Inbox(server, ['request']);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => stop(server));
  const { client, events } = make(t, { reconnect: { minDelay: 0 } });
  const aborting = new AbortController();
  client.open(`ws://127.0.0.1:${server.address().port}/`, { signal: aborting.signal });
  await asked.next('request');
  aborting.abort();
  assert.equal((await events.next('error'))[0].name, 'AbortError');
  client.open(`ws://127.0.0.1:${server.address().port}/`, { signal: aborting.signal });
  assert.equal((await events.next('error'))[0].name, 'AbortError');
  assert.deepEqual([events.all.length, asked.list('request').length], [2, 1]);
});

test('wrong options are thrown, by the constructor and by open', limit, () => {
  const client = new Client();
  for (const options of [
    { reconnect: 5 },
    { reconnect: { factor: 0 } },
    { reconnect: { jitter: 2 } },
    { reconnect: { minDelay: -1 } },
    { reconnect: { maxRetries: 1.5 } },
    { protocols: ['a b'] },
    { headers: { Connection: 'x' } },
    { handshakeTimeout: 'x' },
    { maxRedirects: -1 },
    { signal: 5 },
  ]) {
    const isCoded = (error) => /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/.test(error.code);
    assert.throws(() => new Client(options), isCoded, JSON.stringify(options));
    assert.throws(() => client.open('ws://localhost', options), isCoded, JSON.stringify(options));
  }
  for (const url of [undefined, null, 5, 'nowhere', 'ftp://a'])
    assert.throws(() => client.open(url), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => client.open('ws://localhost', 5), { code: 'ERR_INVALID_ARG_TYPE' });
  client.extensions['a b'] = {};
  assert.throws(() => client.open('ws://localhost'), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('an open that throws leaves nothing behind on its signal', () => {
  const { signal } = new AbortController();
  const client = new Client();
  client.extensions['a b'] = {};
  for (let times = 0; times < 3; times++) assert.throws(() => client.open('ws://localhost', { signal }), TypeError);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

describe('reconnect', () => {
  const AT_ONCE = { minDelay: 0, maxDelay: 0 };

  /** By then what is tried again at once would have been opened. */
  async function roundTrips(t, url) {
    for (let later = 0; later < 3; later++) {
      const { client, events } = make(t, { url });
      client.open();
      const [sid] = await events.next('open');
      client.close(sid);
      await events.next('close');
    }
  }

  test('is off by default', limit, async (t) => {
    const { wss, url } = await serve(t);
    const { client, events } = make(t);
    const peers = new Inbox(wss, ['connection']);
    client.open(url);
    const [peer] = await peers.next('connection');
    await events.next('open');
    peer.close();
    await events.next('close');
    client.open('ws://127.0.0.1:1/');
    await events.next('error');
    client.open(url);
    await events.next('open');
    assert.deepEqual([peers.list('connection').length, events.all.length], [2, 4]);
  });

  test('opens again what the peer has closed or reset, with a new sid', limit, async (t) => {
    const { wss, url } = await serve(t);
    const { client, events } = make(t, { url, reconnect: AT_ONCE });
    const peers = new Inbox(wss, ['connection']);
    client.open();
    const sids = [];
    for (const end of [
      (peer) => peer.close(1001),
      (peer) => peer.terminate(),
      (peer) => peer._socket.resetAndDestroy(),
      (peer) => peer.send('done'),
    ]) {
      const [peer] = await peers.next('connection');
      sids.push((await events.next('open'))[0]);
      end(peer);
    }
    assert.equal((await events.next('message'))[1], sids[3]);
    assert.equal(new Set(sids).size, 4);
    assert.deepEqual(
      events.list('close').map(([, sid]) => sid),
      sids.slice(0, 3),
    );
    assert.equal(client.connections, 1);
  });

  test('tries again where nobody answers, and gives up after maxRetries', limit, async (t) => {
    const server = http.createServer((_req, res) => res.writeHead(503).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => stop(server));
    const asked = new Inbox(server, ['request']);
    const { client, events } = make(t, { url: `ws://127.0.0.1:${server.address().port}` });
    client.open({ reconnect: { ...AT_ONCE, maxRetries: 3 } });
    await events.atLeast('error', 4);
    client.open(); // this one does not try again
    await events.atLeast('error', 5);
    assert.equal(asked.list('request').length, 5);
  });

  test('a connection that was open long enough begins the count anew', limit, async (t) => {
    const { wss, url } = await serve(t);
    const { client, events } = make(t, { url, reconnect: { ...AT_ONCE, maxRetries: 1 } });
    const peers = new Inbox(wss, ['connection']);
    const { now } = clock;
    let passed = 0;
    t.mock.method(clock, 'now', () => now() + passed);
    client.open();
    for (let round = 0; round < 4; round++) {
      const [peer] = await peers.next('connection');
      await events.next('open');
      passed += 1_000;
      peer.close();
    }
    await events.atLeast('close', 4);
  });

  test('one that a server ends at once does not', limit, async (t) => {
    const { wss, url } = await serve(t);
    wss.on('connection', (peer) => peer.close(1013));
    const { client, events } = make(t, {
      url,
      reconnect: { minDelay: 2_000, jitter: 1, maxDelay: 2_000, maxRetries: 1 },
    });
    t.mock.method(Math, 'random', () => 1); // no delay
    client.open();
    await events.atLeast('close', 2);
    const other = make(t, { url });
    other.client.open();
    await other.events.next('close');
    assert.equal(events.list('open').length, 2);
  });

  test('nor does it with minDelay 0: the tries have an end, and waits between them', limit, async (t) => {
    const { wss, url } = await serve(t);
    wss.on('connection', (peer) => peer.close(1013));
    const { client, events } = make(t, { url, reconnect: { minDelay: 0, jitter: 0, maxRetries: 3 } });
    const started = performance.now();
    client.open();
    await events.atLeast('close', 4);
    assert.ok(performance.now() - started >= 2 + 4 - 2, 'timers are early by less than 1 ms');
    const other = make(t, { url });
    other.client.open();
    await other.events.next('close');
    assert.equal(events.list('open').length, 4);
  });

  test('what its own maxConnections has closed is not opened again', limit, async (t) => {
    const { wss, url } = await serve(t);
    const { client, events } = make(t, { url, maxConnections: 1, reconnect: AT_ONCE });
    const peers = new Inbox(wss, ['connection']);
    client.open();
    const [first] = await events.next('open');
    client.open();
    const [second] = await events.next('open');
    assert.deepEqual(await events.next('close'), ['maxConnections reached.', first, 1013]);
    await roundTrips(t, url);
    assert.deepEqual([client.socketsHistory.length, events.list('open').length], [1, 2]);
    (await peers.atLeast('connection', 2))[1][0].terminate();
    assert.deepEqual(await events.next('close'), ['', second, 1006]);
    await events.next('open'); // what took its place is opened again
  });

  test('what the app closes or terminates is not opened again; other connections are', limit, async (t) => {
    const { wss, url } = await serve(t);
    const { client, events } = make(t, { url, reconnect: AT_ONCE });
    const peers = new Inbox(wss, ['connection']);
    const sids = [];
    for (let i = 0; i < 3; i++) {
      client.open();
      sids.push((await events.next('open'))[0]);
    }
    client.close(sids[0]);
    client.terminate([sids[1]]);
    await events.atLeast('close', 2);
    (await peers.atLeast('connection', 3))[2][0].terminate();
    await events.next('open');
    assert.equal(events.list('open').length, 4);
    assert.equal(client.connections, 1);
  });

  for (const how of ['close', 'terminate']) {
    test(`what a subscriber of websockets:open ${how}s is not opened again either`, limit, async (t) => {
      const { url } = await serve(t);
      const { client, events } = make(t, { url, reconnect: AT_ONCE });
      const opens = channel('websockets:open');
      const end = ({ base, sid }) => base === client && client[how](sid);
      opens.subscribe(end);
      t.after(() => opens.unsubscribe(end));
      client.open();
      await events.next('close');
      await roundTrips(t, url);
      assert.equal(events.list('open').length, 1);
    });
  }

  test('close() ends the waiting', limit, async (t) => {
    const { client, events } = make(t, { reconnect: { minDelay: 60_000, jitter: 0, maxDelay: 60_000 } });
    client.open('ws://127.0.0.1:1/');
    await events.next('error');
    await new Promise(setImmediate);
    const waits = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = waits();
    client.close();
    assert.equal(waits(), before - 1);
  });

  test('a listener that throws does not end it', limit, async (t) => {
    const { wss, url } = await serve(t);
    const { client } = make(t, { url, reconnect: AT_ONCE });
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    const listeners = process.listeners('uncaughtException').slice(0, -1);
    for (const listener of listeners) process.off('uncaughtException', listener); // the test runner's
    t.after(() => listeners.forEach((listener) => process.on('uncaughtException', listener)));
    client.once('close', () => {
      throw new Error('from a listener');
    });
    client.open();
    const [peer] = await once(wss, 'connection');
    const again = once(wss, 'connection');
    peer.close();
    assert.equal((await uncaught).message, 'from a listener');
    await again;
  });

  test('the waits grow up to maxDelay, and are all chance or none', () => {
    const settings = { minDelay: 100, maxDelay: 1000, factor: 3, jitter: 1 };
    const longest = [0, 1, 2, 3, 5000].map((tries) => delayBefore(settings, tries, 0));
    assert.deepEqual(longest, [100, 300, 900, 1000, 1000]);
    assert.deepEqual(
      [0, 1, 2, 3, 5000].map((tries) => delayBefore({ ...settings, minDelay: 0 }, tries, 0)),
      [0, 3, 9, 27, 1000],
    );
    assert.equal(delayBefore(settings, 2, 1), 0);
    assert.equal(delayBefore(settings, 2, 0.5), 450);
    assert.equal(delayBefore({ ...settings, jitter: 0 }, 1, 0.9), 300);
    assert.equal(delayBefore({ ...settings, jitter: 0.5 }, 1, 1), 150);
  });
});
