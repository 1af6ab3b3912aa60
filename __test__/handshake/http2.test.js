'use strict';

// WebSockets over HTTP/2 (RFC 8441) are not supported yet: what is answered is HTTP/2 all the same.

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const { test } = require('node:test');
const { once } = require('node:events');
const { Base, Upgrade } = require('../..');
const { Inbox } = require('../support/inbox');
const { TEXT, encode } = require('../support/frames');
const { limit } = require('../support/server');

/** An HTTP/2 server that knows extended CONNECT, and a client's request by it; gone when the test ends. */
async function connect(t, listeners) {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  for (const [event, listener] of Object.entries(listeners)) server.on(event, listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const session = http2.connect(`http://127.0.0.1:${server.address().port}`);
  t.after(() => {
    session.destroy();
    server.close();
  });
  await once(session, 'remoteSettings');
  const headers = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': '13' };
  return session.request(headers);
}

test('handleUpgradeRequest refuses it by a response of HTTP/2, and says so', limit, async (t) => {
  for (const pick of [(req) => req.stream, (req) => req.socket]) {
    let told;
    const result = new Promise((resolve) => {
      told = resolve;
    });
    const request = await connect(t, {
      request() {},
      connect: (req) => Upgrade.handleUpgradeRequest(req, pick(req), (...args) => told(args)),
    });
    const [headers] = await once(request, 'response');
    assert.equal(headers[':status'], 501);
    request.setEncoding('utf8');
    assert.match((await once(request, 'data'))[0], /^WebSockets over HTTP\/2 are not supported/);
    await once(request, 'end');
    const [error] = await result;
    assert.deepEqual([error.code, error.statusCode], ['ERR_WS_INVALID_UPGRADE', 501]);
  }
});

test("a stream that the app has answered itself is a server's connection", limit, async (t) => {
  const base = new Base();
  const events = new Inbox(base, ['open', 'message', 'error', 'close']);
  const request = await connect(t, {
    stream(stream) {
      stream.respond({ ':status': 200 });
      base.assignSocket(stream);
    },
  });
  const [sid] = await events.next('open');
  assert.equal(base.sockets[sid].remoteAddress, '127.0.0.1');
  request.write(encode({ opcode: TEXT, payload: 'masked', mask: true }));
  assert.deepEqual(await events.next('message'), ['masked', sid]);
  request.write(encode({ opcode: TEXT, payload: 'unmasked', mask: false }));
  assert.equal((await events.next('error'))[0].code, 'WS_ERR_EXPECTED_MASK');
  request.destroy();
  await events.next('close');
});
