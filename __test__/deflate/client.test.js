'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { once } = require('node:events');
const { test } = require('node:test');
const { WebSocketServer } = require('ws');
const { Base } = require('../..');
const { Inbox } = require('../support/inbox');
const { DRIVEN_BY, limit } = require('../support/server');
const { NAME } = require('../support/deflate');
const { UNITS, bytesOf, textOf } = require('../support/payloads');
const { KEY } = require('../support/raw-client');

/** A Base in the client's role over a `ws` server that has agreed on what was offered. */
function asClient(offer, settings, body) {
  return async (t) => {
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      perMessageDeflate: { threshold: 0, ...settings },
    });
    t.after(() => server.close());
    await once(server, 'listening');
    const base = new Base({ mask: true, perMessageDeflate: { threshold: 100 } });
    t.after(() => base.terminate(null));
    const events = new Inbox(base, ['message', 'binary', 'close', 'error']);
    const request = http.get({
      port: server.address().port,
      host: '127.0.0.1',
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': 13,
        'Sec-WebSocket-Key': KEY,
        'Sec-WebSocket-Extensions': offer,
      },
    });
    const [[peer], [response, socket, head]] = await Promise.all([
      once(server, 'connection'),
      once(request, 'upgrade'),
    ]);
    const extensions = response.headers['sec-websocket-extensions'];
    const sid = base.assignSocket(socket, { head, extensions, transport: DRIVEN_BY });
    await body({ base, events, extensions, peer, sid });
  };
}

/** Each message goes to the peer and comes back. */
async function assertEchoed({ base, events, peer, sid }) {
  const heard = [];
  peer.on('message', (data, isBinary) => {
    heard.push(isBinary ? data : data.toString());
    peer.send(data, { binary: isBinary });
  });
  for (let again = 0; again < 2; again++) {
    for (const size of [0, 1, 99, 100, 1024, 65_536]) {
      for (const data of [...Object.values(UNITS).map((unit) => textOf(unit, size)), bytesOf(size)]) {
        base.send(sid, data);
        const [answer] = await events.next(typeof data === 'string' ? 'message' : 'binary');
        assert.deepEqual(heard.pop(), data);
        assert.deepEqual(answer, data);
      }
    }
  }
  assert.equal(events.list('error').length, 0);
}

const none = ['server_no_context_takeover', 'client_no_context_takeover'];
for (const [offer, settings, agreed] of [
  [NAME, {}, NAME],
  [`${NAME}; ${none.join('; ')}`, {}, `${NAME}; ${none.join('; ')}`],
  [`${NAME}; ${none[0]}`, {}, `${NAME}; ${none[0]}`],
  [NAME, { clientNoContextTakeover: true }, `${NAME}; ${none[1]}`],
  ...[8, 9, 12, 15].map((bits) => [
    `${NAME}; client_max_window_bits`,
    { clientMaxWindowBits: bits },
    `${NAME}; client_max_window_bits=${bits}`,
  ]),
  ...[9, 12, 15].map((bits) => [
    `${NAME}; server_max_window_bits=${bits}`,
    {},
    `${NAME}; server_max_window_bits=${bits}`,
  ]),
]) {
  test(
    `in the client's role: ${agreed}`,
    limit,
    asClient(offer, settings, async (client) => {
      assert.equal(client.extensions, agreed);
      await assertEchoed(client);
      const { bytesReceived, bytesSent } = client.base.stats();
      const plain = 2 * 6 * (100 + 1024 + 65_536);
      assert.ok(bytesSent < plain / 4 && bytesReceived < plain / 4, `${bytesSent} and ${bytesReceived} of ${plain}`);
    }),
  );
}

test(
  "1 MiB, many in a row and a closing, in the client's role",
  limit,
  asClient(`${NAME}; client_max_window_bits`, {}, async ({ base, events, peer, sid }) => {
    peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
    const texts = [textOf(UNITS.mixed, 1 << 20), ...Array.from({ length: 200 }, (_, i) => textOf(UNITS.CJK, i * 20))];
    for (const text of texts) base.send(sid, text);
    const heard = await events.atLeast('message', texts.length);
    assert.deepEqual(
      heard.map(([text]) => text),
      texts,
    );
    base.close(sid, 'bye');
    const [code, reason] = await once(peer, 'close');
    assert.deepEqual([code, reason.toString()], [1000, 'bye']);
  }),
);
