'use strict';

// Chromium opens WebSockets over HTTP/2 if the server has said that it takes them, and over HTTP/1.1 if not.

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const { Server } = require('../..');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const launch = require('./chromium');

/** What the page does: two WebSockets are opened, say something, and hear it again; one is closed. */
async function talk(sizes) {
  const open = (url) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url, ['a', 'b']);
      socket.onopen = () => resolve(socket);
      socket.onerror = () => reject(new Error('it was not opened'));
    });
  const url = location.href.replace('https', 'wss');
  const sockets = [await open(`${url}one`), await open(`${url}two`)];
  const lengths = [];
  for (const size of sizes) {
    for (const socket of sockets) {
      const echo = new Promise((resolve) => {
        socket.onmessage = ({ data }) => resolve(data);
      });
      socket.send('x'.repeat(size));
      lengths.push((await echo).length);
    }
  }
  const closed = new Promise((resolve) => {
    sockets[0].onclose = ({ code, wasClean }) => resolve([code, wasClean]);
  });
  sockets[0].close(4000);
  const { extensions, protocol } = sockets[1];
  return { extensions, protocol, lengths, closed: await closed };
}

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

for (const [title, settings, version, sessions] of [
  ['with enableConnectProtocol they are streams of the session of the page', { enableConnectProtocol: true }, '2.0', 1],
  ['without it they are connections of HTTP/1.1', {}, '1.1', 1],
]) {
  test(title, { timeout: 60_000 }, async (t) => {
    const page = (_req, res) => res.end('<!doctype html><title>page</title>');
    const httpServer = http2.createSecureServer({ ...selfSigned(), allowHTTP1: true, settings }, page);
    const server = new Server({ protocols: ['b'], perMessageDeflate: true }).listen(httpServer);
    const events = new Inbox(server, ['open', 'close', 'error']);
    server.on('message', (text, sid) => server.send(sid, text));
    const open = [];
    httpServer.on('session', (session) => open.push(session));
    await once(httpServer.listen(0, '127.0.0.1'), 'listening');
    const tab = await browser.newPage({ ignoreHTTPSErrors: true });
    t.after(async () => {
      await tab.close();
      server.terminate(null).close();
      httpServer.close();
      for (const session of open) session.destroy();
    });
    await tab.goto(`https://127.0.0.1:${httpServer.address().port}/`);
    const sizes = [1, 70_000, 1_000_000];
    const told = await tab.evaluate(talk, sizes);
    assert.deepEqual(
      told.lengths,
      sizes.flatMap((size) => [size, size]),
    );
    assert.equal(told.protocol, 'b');
    assert.match(told.extensions, /^permessage-deflate/);
    assert.deepEqual(told.closed, [4000, true]);
    assert.deepEqual(
      events.list('open').map(([, { httpVersion, url }]) => [httpVersion, url]),
      [
        [version, '/one'],
        [version, '/two'],
      ],
    );
    const [reason, sid, code] = await events.next('close');
    assert.deepEqual([reason, code, events.clean.get(sid)], ['', 4000, true]);
    assert.equal(open.length, sessions);
    // A tab that is closed takes its WebSocket with it.
    await tab.close();
    await events.atLeast('close', 2);
    assert.equal(events.list('error').length, 0);
  });
}
