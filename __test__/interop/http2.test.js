'use strict';

// WebSockets over HTTP/2 with others: undici as a client, and proxies between us and ourselves.

const assert = require('node:assert/strict');
const http = require('node:http');
const http2 = require('node:http2');
const { once } = require('node:events');
const { test } = require('node:test');
const undici = require('undici-h2');
const { Client, Server } = require('../..');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { haproxy, nghttpx } = require('./peers/proxies');
const { openWebSocket } = require('./peers/web-socket');

const limit = { timeout: 60_000 };
const SETTINGS = { enableConnectProtocol: true };
const SIZES = [0, 1, 125, 126, 65_535, 65_536, 1_000_000];
const pair = selfSigned();

/** An HTTP server with a Server that echoes, both gone when the test ends. */
async function echo(t, httpServer) {
  const server = new Server({ protocols: 'a', perMessageDeflate: true }).listen(httpServer);
  const events = new Inbox(server, ['open', 'close', 'error']);
  for (const event of ['message', 'binary']) server.on(event, (data, sid) => server.send(sid, data));
  const sessions = [];
  httpServer.on('session', (session) => sessions.push(session));
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.terminate(null).close();
    httpServer.close();
    for (const session of sessions) session.destroy();
  });
  return { server, events, port: httpServer.address().port };
}

test('undici with allowH2', limit, async (t) => {
  const httpServer = http2.createSecureServer({ ...pair, allowHTTP1: true, settings: SETTINGS });
  const { events, port } = await echo(t, httpServer);
  const dispatcher = new undici.Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
  t.after(() => dispatcher.destroy());
  const open = () => openWebSocket(undici.WebSocket, `wss://127.0.0.1:${port}/x`, { dispatcher, protocols: ['a'] });
  const [one, other] = [await open(), await open()];
  assert.match(one.extensions, /^permessage-deflate/);
  const [[, req], [otherSid]] = await events.atLeast('open', 2);
  assert.deepEqual([req.httpVersion, req.url], ['2.0', '/x']);
  for (const size of SIZES) {
    const text = 'é'.repeat(size);
    await one.send([['text', text]]);
    assert.deepEqual(await one.receive(1), [['text', text]]);
  }
  await one.close(4000, 'enough');
  const [reason, sid, code] = await events.next('close');
  assert.deepEqual([reason, code, events.clean.get(sid)], ['enough', 4000, true]);
  await other.close(1000, '');
  assert.equal((await events.next('close'))[1], otherSid);
  assert.equal(events.list('error').length, 0);
});

const BACKENDS = [
  ['http/1.1', () => http.createServer(), '1.1'],
  ['h2', () => http2.createServer({ settings: SETTINGS }), '2.0'],
];

for (const [start, protocol, create, version] of [nghttpx, haproxy].flatMap((one) =>
  BACKENDS.map((backend) => [one, ...backend]),
)) {
  test(`${start.name} in front, which speaks ${protocol} to the Server`, limit, async (t) => {
    const { server, events, port } = await echo(t, create());
    const url = `wss://127.0.0.1:${await start(t, { backend: port, protocol, pair })}/x?y`;
    const options = {
      url,
      http2: true,
      ca: pair.cert,
      servername: 'localhost',
      protocols: 'a',
      perMessageDeflate: true,
    };
    const client = new Client(options);
    const heard = new Inbox(client, ['open', 'message', 'close', 'error']);
    t.after(() => client.terminate(null));
    const sids = [await client.openAsync(), await client.openAsync()];
    for (const [, res] of heard.list('open')) assert.deepEqual([res.httpVersion, res.statusCode], ['2.0', 200]);
    for (const [, req] of events.list('open')) assert.deepEqual([req.httpVersion, req.url], [version, '/x?y']);
    assert.deepEqual(client.sockets[sids[0]].extensions, ['permessage-deflate']);
    for (const size of SIZES) {
      const text = 'é'.repeat(size);
      client.send(text);
      const got = [await heard.next('message'), await heard.next('message')];
      assert.deepEqual(new Set(got.map(([, sid]) => sid)), new Set(sids));
      assert.ok(
        got.every(([message]) => message === text),
        `${size}`,
      );
    }
    client.close(sids[0], 4000, 'enough');
    assert.deepEqual(await heard.next('close'), ['enough', sids[0], 4000]);
    assert.deepEqual(
      (await events.next('close')).filter((_, at) => at !== 1),
      ['enough', 4000],
    );
    client.terminate(sids[1]);
    assert.equal((await events.next('close'))[2], 1006);
    assert.equal(server.connections, 0);
    assert.deepEqual([events.list('error'), heard.list('error')], [[], []]);
  });
}
