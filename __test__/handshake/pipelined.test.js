'use strict';

// An upgrade request that a client has sent before it has the answers to what it asked before: they come first.

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { Readable } = require('node:stream');
const tls = require('node:tls');
const { describe, test } = require('node:test');
const { once } = require('node:events');
const { Server, Upgrade } = require('../..');
const { Server: Engine } = require('../../engine.io.js');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { requestText } = require('../support/raw-http');
const { limit } = require('../support/server');

const SLOW = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n';

/** An HTTP server whose `asked` event has each response that is to be made, and a client that has sent requests. */
async function pipelined(t, requests, { secure = false, attach }) {
  const httpServer = secure ? https.createServer(selfSigned()) : http.createServer();
  // Without a listener of `upgrade`: it would be for the app to answer what no Server takes.
  const asked = new Inbox(httpServer, ['request']);
  attach(httpServer);
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    httpServer.close();
    httpServer.closeAllConnections();
  });
  const { port } = httpServer.address();
  const socket = (secure ? tls : net).connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.on('error', () => {}).setEncoding('latin1');
  t.after(() => socket.destroy());
  const pieces = [];
  socket.on('data', (piece) => {
    pieces.push(piece);
    socket.emit('got');
  });
  socket.on('end', () => socket.emit('got'));
  /** Reads until the text is there, or the connection has ended: all that has come. */
  const read = async (text) => {
    // What has been searched is not searched again: that may be much.
    for (let [from, rest] = [0, '']; ; ) {
      rest += pieces.slice(from).join('');
      from = pieces.length;
      if (rest.includes(text) || socket.readableEnded) return pieces.join('');
      rest = rest.slice(1 - text.length);
      await once(socket, 'got');
    }
  };
  socket.write(requests, 'latin1');
  return { asked, httpServer, read, socket };
}

/** A Server on the HTTP server. */
function serverFor(t, options) {
  const server = new Server(options);
  t.after(() => server.terminate(null).close());
  return { server, events: new Inbox(server, ['open', 'message', 'error', 'close']) };
}

/** Where each of the texts begins; they are all there. */
const places = (got, ...texts) => texts.map((text) => got.indexOf(text));
const inOrder = (...at) => assert.ok(at[0] >= 0 && at.every((one, i) => i === 0 || one > at[i - 1]), String(at));

describe('an upgrade behind responses that are not finished', () => {
  for (const secure of [false, true]) {
    test(`${secure ? 'over TLS' : 'over TCP'}: 101 comes after them, and the WebSocket works`, limit, async (t) => {
      const { server, events } = serverFor(t, { enforceMasking: false });
      const attach = (httpServer) => server.listen(httpServer);
      const requests = SLOW + SLOW + requestText({ body: '\x81\x02hi' });
      const { asked, read } = await pipelined(t, requests, { secure, attach });
      const responses = [(await asked.next('request'))[1], (await asked.next('request'))[1]];
      const finished = Promise.all(responses.map((res) => once(res, 'finish')));
      assert.deepEqual([server.connections, events.all.length], [0, 0]);
      responses[1].end('second');
      responses[0].write('first');
      await read('first');
      assert.equal(server.connections, 0);
      responses[0].end();
      await finished;
      inOrder(...places(await read('HTTP/1.1 101'), 'first', 'second', 'HTTP/1.1 101'));
      const [sid] = await events.next('open');
      assert.deepEqual(await events.next('message'), ['hi', sid]);
      server.send(sid, 'and back');
      await read('and back');
    });
  }

  test('a response that waits for the client to read goes on', limit, async (t) => {
    const { server, events } = serverFor(t);
    const attach = (httpServer) => server.listen(httpServer);
    const { asked, read, socket } = await pipelined(t, SLOW + requestText(), { attach });
    const [, res] = await asked.next('request');
    socket.pause();
    const pieces = Array.from({ length: 256 }, (_, i) => `${i};`.padStart(64 * 1024, '.'));
    Readable.from(pieces).pipe(res);
    while (!res.writableNeedDrain) await new Promise(setImmediate);
    socket.resume();
    const got = await read('HTTP/1.1 101');
    inOrder(...places(got, '.255;', 'HTTP/1.1 101'));
    await events.next('open');
  });

  test('a refusal comes after them as well', limit, async (t) => {
    for (const [options, status] of [
      [{ url: 'ws://localhost/other' }, 404],
      [{ shouldAccept: () => 403 }, 403],
      [{ origins: ['https://app.example'] }, 403],
    ]) {
      const { server, events } = serverFor(t, options);
      const attach = (httpServer) => server.listen(httpServer);
      const { asked, read } = await pipelined(t, SLOW + requestText(), { attach });
      const [, res] = await asked.next('request');
      await new Promise(setImmediate);
      res.end('slow body');
      inOrder(...places(await read(`HTTP/1.1 ${status}`), 'slow body', `HTTP/1.1 ${status}`));
      assert.equal(events.all.length, 0);
    }
  });

  test('handshakeTimeout gives its place to others, and 503 comes after them', limit, async (t) => {
    const { server, events } = serverFor(t, { handshakeTimeout: 20, maxConnections: 1 });
    const attach = (httpServer) => server.listen(httpServer);
    const { asked, read } = await pipelined(t, SLOW + requestText(), { attach });
    const [, res] = await asked.next('request');
    assert.equal((await events.next('error'))[0].code, 'ERR_WS_HANDSHAKE_TIMEOUT');
    await new Promise((resolve) => server.close(resolve));
    res.end('slow body');
    inOrder(...places(await read('HTTP/1.1 503'), 'slow body', 'HTTP/1.1 503'));
  });

  test('a response that closes the connection is the last', limit, async (t) => {
    const { server, events } = serverFor(t);
    const attach = (httpServer) => server.listen(httpServer);
    const { asked, read } = await pipelined(t, SLOW + requestText(), { attach });
    const [, res] = await asked.next('request');
    res.setHeader('Connection', 'close').end('slow body');
    const got = await read('HTTP/1.1 101');
    assert.ok(got.includes('slow body') && !got.includes('HTTP/1.1 101'));
    assert.equal(events.all.length, 0);
  });

  test('so it is with handleUpgradeRequest and with the engine of engine.io', limit, async (t) => {
    const engine = new Engine();
    for (const handle of [
      (req, socket, head, done) => Upgrade.handleUpgradeRequest(req, socket, { head }, (_error, taken) => done(taken)),
      (req, socket, head, done) => engine.handleUpgrade(req, socket, head, (opened) => done(opened._socket)),
    ]) {
      let done;
      const upgraded = new Promise((resolve) => {
        done = resolve;
      });
      const attach = (httpServer) => httpServer.on('upgrade', (...args) => handle(...args, done));
      const { asked, read } = await pipelined(t, SLOW + requestText(), { attach });
      const [, res] = await asked.next('request');
      await new Promise(setImmediate);
      res.end('slow body');
      inOrder(...places(await read('HTTP/1.1 101'), 'slow body', 'HTTP/1.1 101'));
      (await upgraded).destroy();
    }
  });
});
