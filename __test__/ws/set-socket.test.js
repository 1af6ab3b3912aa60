'use strict';

// setSocket(): a WebSocket on a stream whose opening handshake others have done, with ws at the other end.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { test } = require('node:test');
const reference = require('ws');
const WebSocket = require('../../ws.js');
const { Inbox } = require('../support/inbox');

const HEAD = Buffer.alloc(0);
const EVENTS = ['open', 'message', 'close', 'error'];

/** Two ends of a connection of TCP. @param {import('node:test').TestContext} t */
async function socketPair(t) {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect(server.address());
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  server.close();
  t.after(() => {
    client.destroy();
    accepted.destroy();
  });
  return [accepted, client];
}

/** Two streams, what is written to either can be read from the other. */
function streamPair() {
  const pair = [0, 1].map(
    (index) =>
      new Duplex({
        read() {},
        write(chunk, _encoding, callback) {
          pair[1 - index].push(chunk);
          callback();
        },
        final(callback) {
          pair[1 - index].push(null);
          callback();
        },
      }),
  );
  return pair;
}

/** @param {typeof WebSocket} Class @param {boolean} isServer @param {Duplex} socket @param {object} [options] */
function open(Class, isServer, socket, options = {}) {
  const webSocket = new Class(null, undefined, {});
  assert.equal(webSocket._isServer, true);
  webSocket._isServer = isServer;
  const inbox = new Inbox(webSocket, EVENTS);
  webSocket.setSocket(socket, HEAD, options);
  return { webSocket, inbox };
}

for (const [kind, pairOf] of Object.entries({ 'a socket': socketPair, 'a stream': streamPair })) {
  for (const isServer of [true, false]) {
    test(`on ${kind}, as the end of a ${isServer ? 'server' : 'client'}`, { timeout: 60_000 }, async (t) => {
      const [socket, other] = await pairOf(t);
      const ours = open(WebSocket, isServer, socket);
      assert.equal(ours.webSocket.readyState, WebSocket.OPEN);
      assert.equal(ours.inbox.list('open').length, 1);
      const theirs = open(reference, !isServer, other);
      ours.webSocket.send('to them');
      assert.deepEqual(await theirs.inbox.next('message'), [Buffer.from('to them'), false]);
      theirs.webSocket.send(Buffer.from('to us'));
      assert.deepEqual(await ours.inbox.next('message'), [Buffer.from('to us'), true]);
      ours.webSocket.close(1000, 'done');
      assert.deepEqual(await theirs.inbox.next('close'), [1000, Buffer.from('done')]);
      assert.deepEqual(await ours.inbox.next('close'), [1000, Buffer.from('done')]);
    });
  }
}

test('its limits hold, and the head is read first', async (t) => {
  const [socket, other] = await socketPair(t);
  const webSocket = new WebSocket(null, undefined, {});
  webSocket._isServer = false;
  const inbox = new Inbox(webSocket, EVENTS);
  const head = Buffer.concat(WebSocket.Sender.frame('first', { opcode: 1, fin: true, mask: false }));
  webSocket.setSocket(socket, head, { maxPayload: 5 });
  const theirs = open(reference, true, other);
  theirs.webSocket.send('too long');
  assert.deepEqual(await inbox.next('message'), [Buffer.from('first'), false]);
  const [error] = await inbox.next('error');
  assert.equal(error.code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
  assert.equal((await theirs.inbox.next('close'))[0], 1009);
});

test('a second socket is refused', async (t) => {
  const [socket, other] = await socketPair(t);
  const { webSocket } = open(WebSocket, true, socket);
  assert.throws(() => webSocket.setSocket(other, HEAD, {}), /has a socket already/);
  webSocket.terminate();
  await once(webSocket, 'close');
});

for (const [kind, pairOf] of Object.entries({ 'a socket': socketPair, 'a stream': streamPair })) {
  for (const isServer of [true, false]) {
    test(`a close frame that the system takes at once is not in bufferedAmount, as with ws: ${kind}, ${isServer}`, async (t) => {
      const [socket, other] = await pairOf(t);
      const ours = open(WebSocket, isServer, socket);
      const theirs = open(reference, !isServer, other);
      for (const { webSocket } of [ours, theirs]) {
        webSocket.close(1000, 'over');
        const { bufferedAmount } = webSocket;
        webSocket.send('late');
        webSocket.ping('later');
        assert.deepEqual([bufferedAmount, webSocket.bufferedAmount], [0, 9]);
      }
      for (const { inbox } of [ours, theirs]) await inbox.next('close');
      assert.deepEqual([ours.webSocket.bufferedAmount, theirs.webSocket.bufferedAmount], [9, 9]);
    });
  }
}

test('a socket that is over before leaves a WebSocket that says that it is closed', async (t) => {
  const [socket] = await socketPair(t);
  socket.destroy();
  await once(socket, 'close');
  const { webSocket, inbox } = open(WebSocket, true, socket);
  await inbox.next('close');
  const [error] = await new Promise((resolve) => webSocket.send('late', (...given) => resolve(given)));
  assert.equal(error?.message, 'WebSocket is not open: readyState 3 (CLOSED)');
  assert.equal(webSocket.bufferedAmount, 4);
});
