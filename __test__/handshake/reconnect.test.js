'use strict';

// What an app can do with a Client that opens its connections again.

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { describe, test } = require('node:test');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');
const { Client } = require('../..');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');

const EVENTS = ['open', 'message', 'close', 'error', 'reconnecting', 'giveup'];
const AT_ONCE = { minDelay: 0, maxDelay: 0 };

/** A server of ws, over TLS if it has a certificate, and its connections; gone when the test ends. */
async function serve(t, { pair, ...options } = {}) {
  const server = pair ? https.createServer(pair) : http.createServer();
  const wss = new WebSocketServer({ server, ...options });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const client of wss.clients) client.terminate();
    server.close();
    server.closeAllConnections();
  });
  const peers = new Inbox(wss, ['connection']);
  const at = `127.0.0.1:${server.address().port}`;
  return { wss, peers, at, url: `ws${pair ? 's' : ''}://${at}/` };
}

/** A Client and all that it says; what it has open is gone when the test ends. */
function make(t, options) {
  const client = new Client(options);
  t.after(() => client.terminate(null));
  return { client, events: new Inbox(client, EVENTS) };
}

describe('options that are asked for each try', () => {
  for (const secure of [false, true]) {
    test(`url, headers, protocols and what TLS needs, ${secure ? 'wss:' : 'ws:'}`, limit, async (t) => {
      const pair = secure ? selfSigned() : undefined;
      const { peers, url } = await serve(t, { pair });
      let tries = 0;
      const { client, events } = make(t, {
        url: async () => `${url}?try=${++tries}`,
        headers: () => ({ Authorization: `Bearer ${tries}` }),
        protocols: async () => [`p${tries}`],
        ca: () => pair?.cert,
        servername: () => 'localhost',
        reconnect: AT_ONCE,
      });
      client.open();
      for (const path of ['/?try=1', '/?try=2']) {
        const [peer, req] = await peers.next('connection');
        assert.equal(req.url, path);
        const [sid] = await events.next('open');
        assert.equal(client.sockets[sid].url, url + path.slice(1));
        assert.match(req.headers.authorization, /^Bearer [012]$/);
        peer.terminate();
        await events.next('close');
      }
    });
  }

  test('one that fails is a try that failed', limit, async (t) => {
    const { url } = await serve(t);
    let tries = 0;
    const { client, events } = make(t, { url, reconnect: AT_ONCE });
    client.open({
      headers: async () => {
        if (++tries === 1) throw new Error('no token');
        return { 'X-A': tries === 2 ? 'a\r\nb' : '1' };
      },
    });
    assert.equal((await events.next('error'))[0].message, 'no token');
    assert.equal((await events.next('error'))[0].code, 'ERR_INVALID_CHAR');
    await events.next('open');
  });

  for (const [name, never] of [
    ['url', (url, ask) => ({ url: () => ask(url) })],
    ['headers', (url, ask) => ({ url, headers: () => ask({}) })],
  ]) {
    test(`${name} that never settles: handshakeTimeout, and the next try`, limit, async (t) => {
      const { url } = await serve(t);
      let tries = 0;
      const ask = (value) => (++tries === 1 ? new Promise(() => {}) : value);
      const { client, events } = make(t, { ...never(url, ask), handshakeTimeout: 1_000, reconnect: AT_ONCE });
      client.open();
      const [error] = await events.next('error');
      assert.equal(error.code, 'ERR_WS_HANDSHAKE_TIMEOUT');
      assert.deepEqual((await events.next('reconnecting')).slice(0, 3), [1, 0, null]);
      await events.next('open');
      assert.equal(events.list('error').length, 1);
    });
  }

  test('one that never settles rejects openAsync, by its time or by the signal', limit, async (t) => {
    const { client } = make(t, { headers: () => new Promise(() => {}) });
    const late = client.openAsync('ws://localhost/', { handshakeTimeout: 1 });
    await assert.rejects(late, { code: 'ERR_WS_HANDSHAKE_TIMEOUT' });
    const abort = new AbortController();
    const opening = client.openAsync('ws://localhost/', { handshakeTimeout: 0, signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(opening, { message: 'enough' });
    await assert.rejects(client.openAsync('ws://localhost/', { signal: abort.signal }), { message: 'enough' });
  });

  test('a url function of open, and one that gives what is no URL', limit, async (t) => {
    const { url } = await serve(t);
    const { client, events } = make(t);
    client.open(() => url);
    await events.next('open');
    client.open(() => 'no url');
    assert.equal((await events.next('error'))[0].code, 'ERR_INVALID_ARG_TYPE');
  });

  test('the url that is written later takes the place of the function', limit, async (t) => {
    const { url, peers } = await serve(t);
    const { client } = make(t, { url: () => `${url}asked` });
    client.open();
    assert.equal((await peers.next('connection'))[1].url, '/asked');
    client.url = `${url}written`;
    client.open();
    assert.equal((await peers.next('connection'))[1].url, '/written');
  });

  test('nothing is opened that was closed meanwhile', limit, async (t) => {
    const { url, peers } = await serve(t);
    const { client, events } = make(t);
    let answer;
    const asked = new Promise((resolve) => {
      client.open(
        () =>
          new Promise((done) => {
            answer = done;
            resolve();
          }),
      );
    });
    await asked;
    client.close();
    answer(url);
    await new Promise(setImmediate);
    assert.deepEqual([events.all.length, peers.list('connection').length], [0, 0]);
  });
});

describe('reconnecting and giveup', () => {
  test('what is said of each try', limit, async (t) => {
    const { peers, url, at } = await serve(t);
    const { client, events } = make(t, { reconnect: { ...AT_ONCE, maxRetries: 2 } });
    client.open(`ws://user:secret@${at}/`);
    const [sid] = await events.next('open');
    (await peers.next('connection'))[0].terminate();
    assert.deepEqual(await events.next('reconnecting'), [1, 0, sid, url]);
    assert.deepEqual(
      events.all.map(({ name }) => name).filter((name) => name !== 'open'),
      ['close', 'reconnecting'],
    );
  });

  test('maxRetries: the last error', limit, async (t) => {
    const server = http.createServer((_req, res) => res.writeHead(503).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => server.close());
    const url = `ws://127.0.0.1:${server.address().port}/`;
    const { client, events } = make(t, { url, reconnect: { ...AT_ONCE, maxRetries: 2 } });
    client.open();
    const [error] = await events.next('giveup');
    assert.deepEqual([error.code, error.statusCode, error.url], ['ERR_WS_UNEXPECTED_RESPONSE', 503, url]);
    assert.deepEqual(
      events.list('reconnecting').map(([attempt, , sid]) => [attempt, sid]),
      [
        [1, null],
        [2, null],
      ],
    );
    assert.equal(events.list('error').length, 3);
  });

  for (const status of [401, 403, 404]) {
    test(`status ${status} is final`, limit, async (t) => {
      const server = http.createServer((_req, res) => res.writeHead(status).end());
      await once(server.listen(0, '127.0.0.1'), 'listening');
      t.after(() => server.close());
      const { client, events } = make(t, { url: `ws://127.0.0.1:${server.address().port}/`, reconnect: AT_ONCE });
      client.open();
      const [error] = await events.next('giveup');
      assert.equal(error.statusCode, status);
      assert.deepEqual([events.list('error').length, events.list('reconnecting').length], [1, 0]);
      client.open({ reconnect: { ...AT_ONCE, finalStatuses: [], maxRetries: 1 } });
      await events.next('reconnecting');
      await events.next('giveup');
    });
  }

  for (const [code, isFinal] of [
    [1000, true],
    [1008, true],
    [4000, true],
    [4999, true],
    [1001, false],
    [1011, false],
    [1012, false],
    [3999, false],
    [undefined, false],
  ]) {
    test(`close code ${code} is ${isFinal ? '' : 'not '}final`, limit, async (t) => {
      const { peers, url } = await serve(t);
      const { client, events } = make(t, { url, reconnect: AT_ONCE });
      client.open();
      (await peers.next('connection'))[0].close(code, code && 'why');
      if (isFinal) {
        const [error] = await events.next('giveup');
        assert.deepEqual([error.code, error.closeCode, error.reason, error.url], ['ERR_WS_CLOSED', code, 'why', url]);
        assert.equal(events.list('reconnecting').length, 0);
      } else {
        await events.next('reconnecting');
        await events.atLeast('open', 2);
        assert.equal(events.list('giveup').length, 0);
      }
    });
  }

  test('which codes are final is an option', limit, async (t) => {
    const { peers, url } = await serve(t);
    const { client, events } = make(t, { url, reconnect: { ...AT_ONCE, finalCodes: [[3000, 3999]] } });
    client.open();
    for (const code of [1000, 4000, 3500]) (await peers.next('connection'))[0].close(code);
    assert.equal((await events.next('giveup'))[0].closeCode, 3500);
    for (const finalCodes of [1000, ['1000'], [[1, 2, 3]], [999], [[1000]]]) {
      assert.throws(() => new Client({ reconnect: { finalCodes } }), { code: 'ERR_INVALID_ARG_TYPE' });
    }
  });

  test("what the app ends is no giving up; a lost connection's sid ends its waiting", limit, async (t) => {
    const { peers, url } = await serve(t);
    const { client, events } = make(t, { url, reconnect: { minDelay: 60_000, jitter: 0, maxDelay: 60_000 } });
    client.open();
    const [sid] = await events.next('open');
    (await peers.next('connection'))[0].terminate();
    await events.next('reconnecting');
    const waits = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = waits();
    client.close(sid);
    assert.deepEqual([waits(), events.list('giveup').length], [before - 1, 0]);
  });
});

describe('openAsync', () => {
  test('resolves with the sid, after the first connection there is', limit, async (t) => {
    const { url } = await serve(t);
    let tries = 0;
    const { client, events } = make(t, { reconnect: AT_ONCE });
    const sid = await client.openAsync(() => (++tries < 3 ? 'ws://127.0.0.1:1/' : url));
    assert.deepEqual(await events.next('open').then(([one]) => one), sid);
    assert.equal(events.list('error').length, 2);
  });

  test('rejects with the error, with wrong arguments, and if the app closes the Client first', limit, async (t) => {
    const { client } = make(t);
    await assert.rejects(client.openAsync('ws://127.0.0.1:1/'), { code: 'ECONNREFUSED' });
    await assert.rejects(client.openAsync('nothing'), { code: 'ERR_INVALID_ARG_TYPE' });
    await assert.rejects(client.openAsync('ws://a', { headers: 5 }), { code: 'ERR_INVALID_ARG_TYPE' });
    const opening = client.openAsync('ws://127.0.0.1:1/');
    client.close();
    await assert.rejects(opening, { code: 'ERR_WS_CLOSED' });
    await assert.rejects(client.openAsync('ws://a', { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});

describe('what is sent before a connection is open', () => {
  test('waits, and leaves after what open listeners send', limit, async (t) => {
    const { wss, url } = await serve(t);
    const { client } = make(t, { url, reconnect: AT_ONCE });
    const heard = [];
    let all;
    const isAll = new Promise((resolve) => {
      all = resolve;
    });
    let connections = 0;
    wss.on('connection', (peer) => {
      connections++;
      peer.on('message', (data, isBinary) => {
        heard.push(isBinary ? [...data] : String(data));
        if (heard.length === 4) peer.terminate();
        if (heard.length === 6) all();
      });
    });
    client.on('open', (sid) => client.send(sid, 'hello'));
    client.on('reconnecting', () => client.send('between'));
    client.open();
    const bytes = Buffer.from([1, 2]);
    client.send('one').send(null, bytes).send(null, 'three', { compress: false });
    bytes.fill(0);
    await isAll;
    assert.deepEqual(heard, ['hello', 'one', [1, 2], 'three', 'hello', 'between']);
    assert.equal(connections, 2);
  });

  test('a bound: what does not fit is thrown, and sent to nobody', limit, async (t) => {
    const { wss, url } = await serve(t);
    const { client, events } = make(t, { url, maxQueuedBytes: 5 });
    const heard = new Inbox(wss, ['heard']);
    wss.on('connection', (peer) => peer.on('message', (data) => wss.emit('heard', String(data))));
    await client.openAsync();
    client.open();
    client.send('12345');
    assert.throws(() => client.send('6'), { code: 'ERR_WS_NOT_OPEN', message: /5 of at most 5/ });
    assert.throws(() => client.send(5), TypeError);
    await events.atLeast('open', 2);
    client.send('7');
    await heard.atLeast('heard', 4);
    assert.deepEqual(heard.list('heard').flat().sort(), ['12345', '12345', '7', '7']);
    client.open({ maxQueuedBytes: 0 });
    assert.throws(() => client.send(''), { code: 'ERR_WS_NOT_OPEN' });
    for (const maxQueuedBytes of [-1, 1.5, 'x']) assert.throws(() => new Client({ maxQueuedBytes }), /maxQueuedBytes/);
  });

  test('what is never sent is counted by the last error', limit, async (t) => {
    const { client, events } = make(t, { url: 'ws://127.0.0.1:1/' });
    client.open().send('a').send('b');
    assert.equal((await events.next('error'))[0].unsent, 2);
    client.open({ reconnect: { ...AT_ONCE, maxRetries: 1 } });
    client.send('c');
    assert.equal((await events.next('giveup'))[0].unsent, 1);
    assert.equal(client.send('nobody'), client); // nothing is awaited any more
  });
});

test('createConnection, localPort and the like reach the connection', limit, async (t) => {
  const { url, peers, at } = await serve(t);
  const { client, events } = make(t);
  let made = 0;
  const createConnection = ({ host, port }) => {
    made++;
    return net.connect(port, host);
  };
  client.open(url, { createConnection });
  await events.next('open');
  assert.equal(made, 1);
  const free = net.createServer();
  await once(free.listen(0, '127.0.0.1'), 'listening');
  const { port: localPort } = free.address();
  await new Promise((resolve) => free.close(resolve));
  await peers.next('connection');
  client.open(`ws://${at}/`, { localAddress: '127.0.0.1', localPort });
  const [, req] = await peers.next('connection');
  assert.equal(req.socket.remotePort, localPort);
});
