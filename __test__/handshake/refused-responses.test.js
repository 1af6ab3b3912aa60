'use strict';

// A server refuses a handshake, and its response ends in one way or another: what it has said is known.

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { describe, test } = require('node:test');
const { once } = require('node:events');
const { Client, Upgrade } = require('../..');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');

const HEAD = 'HTTP/1.1 401 Unauthorized\r\nX-Why: token\r\n';

/** How a response ends: [its text, what is done to the socket then, what of its body is known] */
const WAYS = {
  'whole, and the connection stays': ['Content-Length: 5\r\n\r\ntoken', () => {}, 'token'],
  'a body that does not end': ['Content-Length: 100\r\n\r\ntoken ', () => {}, 'token '],
  'a chunked body that does not end': ['Transfer-Encoding: chunked\r\n\r\n6\r\ntoken \r\n', () => {}, 'token '],
  'a body that never comes': ['Content-Length: 100\r\n\r\n', () => {}, ''],
  'a body that ends early': ['Content-Length: 100\r\n\r\ntoken ', (socket) => socket.end(), 'token '],
  'a body until the end of the connection': ['\r\ntoken ', (socket) => socket.end(), 'token '],
  'a body that is reset': ['Content-Length: 100\r\n\r\ntoken ', 'reset', 'token '],
  'a reset in the place of a body': ['Content-Length: 100\r\n\r\n', 'reset', ''],
  'chunks that are none': ['Transfer-Encoding: chunked\r\n\r\n6\r\ntoken \r\nnone\r\n', () => {}, 'token '],
};

/** An agent whose `received` event comes with each chunk that its socket has read. */
function listeningAgent(secure) {
  const agent = new (secure ? https : http).Agent();
  const { createConnection } = agent;
  agent.received = 0;
  agent.createConnection = (...args) => {
    const socket = createConnection.apply(agent, args);
    socket.on('data', ({ length }) => {
      agent.received += length;
      agent.emit('received');
    });
    return socket;
  };
  return agent;
}

describe('a handshake that is refused', () => {
  for (const secure of [false, true]) {
    for (const [way, [text, then, body]] of Object.entries(WAYS)) {
      test(`${secure ? 'wss' : 'ws'}: ${way}`, limit, async (t) => {
        const answered = (socket) => {
          socket.on('error', () => {}).once('data', () => socket.write(HEAD + text));
          if (typeof then === 'function') socket.once('data', () => then(socket));
          t.after(() => socket.destroy());
        };
        const server = secure ? tls.createServer(selfSigned(), answered) : net.createServer(answered);
        const accepted = once(server, 'connection');
        await once(server.listen(0, '127.0.0.1'), 'listening');
        t.after(() => server.close());
        const agent = listeningAgent(secure);
        const client = new Client({ agent, rejectUnauthorized: false, handshakeTimeout: 0 });
        const events = new Inbox(client, ['open', 'error']);
        client.open(`ws${secure ? 's' : ''}://127.0.0.1:${server.address().port}`);
        if (then === 'reset') {
          const [peer] = await accepted;
          // A system may throw away what the client has not read by then.
          while (agent.received < (HEAD + text).length) await once(agent, 'received');
          peer.resetAndDestroy();
        }
        const [error] = await events.next('error');
        assert.deepEqual(
          [error.code, error.statusCode, error.headers['x-why'], error.body],
          ['ERR_WS_UNEXPECTED_RESPONSE', 401, 'token', body],
        );
        await new Promise(setImmediate);
        assert.equal(events.all.length, 1);
      });
    }
  }

  test('handshakeTimeout ends the wait for its body', limit, async (t) => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.write(`${HEAD}Content-Length: 9\r\n\r\ntoken`));
      t.after(() => socket.destroy());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => server.close());
    const began = process.hrtime.bigint();
    const error = await new Promise((resolve) => {
      Upgrade.createUpgradeRequest(`ws://127.0.0.1:${server.address().port}`, { handshakeTimeout: 200 }, resolve);
    });
    assert.deepEqual([error.code, error.body], ['ERR_WS_UNEXPECTED_RESPONSE', 'token']);
    assert.ok(process.hrtime.bigint() - began < 900_000_000n);
  });

  test('a signal ends it, and is the error', limit, async (t) => {
    const aborting = new AbortController();
    const server = net.createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          socket.write(`${HEAD}Content-Length: 9\r\n\r\ntoken`, () => aborting.abort());
        });
      t.after(() => socket.destroy());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => server.close());
    const { signal } = aborting;
    const error = await new Promise((resolve) => {
      Upgrade.createUpgradeRequest(`ws://127.0.0.1:${server.address().port}`, { signal }, resolve);
    });
    assert.equal(error.name, 'AbortError');
  });
});
