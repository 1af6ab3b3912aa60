'use strict';

// Copies of the module whose Servers listen on one HTTP server: each knows the others' `upgrade` listeners from the app's.

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('node:test');
const { WebSocket } = require('ws');
const { counted } = require('../support/attached');
const { copies } = require('../support/copies');
const { exchange, requestText } = require('../support/raw-http');
const { connect, listening, refused } = require('../support/serve');
const { limit } = require('../support/server');

/** Servers of two copies on one HTTP server of the app, which answers plain requests. */
async function two(t, options, otherOptions) {
  const httpServer = http.createServer((req, res) => res.end(`the app: ${req.headers.upgrade}`));
  const { port } = await listening(t, httpServer);
  const servers = copies(2).map(({ Server }, i) => new Server([options, otherOptions][i]).listen(httpServer));
  t.after(() => servers.forEach((server) => server.terminate(null).close()));
  servers.forEach((server, i) => server.on('open', (sid) => server.send(sid, `copy ${i}`)));
  return { httpServer, servers, port, url: `ws://127.0.0.1:${port}` };
}

/** Whose a connection is. */
async function answering(t, url) {
  const client = await connect(url);
  t.after(() => client.terminate());
  return String((await client.inbox.next('message'))[0]);
}

test('a path that none of them takes is refused, once', limit, async (t) => {
  const { url, port } = await two(t, { url: 'ws://localhost/one' }, { url: 'ws://localhost/two' });
  assert.equal(await refused(`${url}/three`), 404);
  const { body } = await exchange(port, requestText({ line: 'GET /three HTTP/1.1' }));
  assert.ok(!body.includes('HTTP/1.1'), body);
  assert.deepEqual(await Promise.all([answering(t, `${url}/one`), answering(t, `${url}/two`)]), ['copy 0', 'copy 1']);
});

test('a path of its own goes before every path; of equals the first takes it', limit, async (t) => {
  const { url } = await two(t, {}, { url: 'ws://localhost/two' });
  assert.deepEqual(await Promise.all([answering(t, `${url}/one`), answering(t, `${url}/two`)]), ['copy 0', 'copy 1']);
  const same = await two(t, {}, {});
  assert.equal(await answering(t, `${same.url}/`), 'copy 0');
  await new Promise((resolve) => same.servers[0].close(resolve));
  assert.equal(same.httpServer.listenerCount('upgrade'), 1);
  assert.equal(await answering(t, `${same.url}/`), 'copy 1');
});

test("another protocol is the app's, whose plain listener answers", limit, async (t) => {
  const { port } = await two(t, { url: 'ws://localhost/one' }, {});
  const { body } = await exchange(port, requestText({ headers: { Connection: 'Upgrade, close', Upgrade: 'h2c' } }));
  assert.match(body, /the app: h2c/);
});

test('a Server that stops while it refuses leaves nothing to the other', limit, async (t) => {
  const { servers, url } = await two(t, {}, {});
  servers[0].shouldAccept = () => {
    servers[0].close();
    return 403;
  };
  let asked = 0;
  servers[1].shouldAccept = () => ++asked > 0;
  assert.equal(await refused(`${url}/`), 503);
  assert.equal(asked, 0);
  const client = new WebSocket(`${url}/`);
  t.after(() => client.terminate());
  await new Promise((resolve) => client.on('open', resolve));
  assert.equal(asked, 1);
});

test('the HTTP server of one copy has the sockets of the other counted, and ended', limit, async (t) => {
  const [{ createServer }, { Server }] = copies(2);
  const httpServer = createServer();
  const { port } = await listening(t, httpServer);
  const server = new Server().listen(httpServer);
  t.after(() => server.close());
  const over = new Promise((resolve) => {
    server.on('open', (_sid, req) => req.socket.on('close', resolve));
  });
  const client = new WebSocket(`ws://127.0.0.1:${port}/`);
  await new Promise((resolve) => client.on('open', resolve));
  client.close();
  await over;
  await counted(httpServer, 0);
});
