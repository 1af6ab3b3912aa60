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
const converse = require('./converse');

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
    await converse(tab, httpServer);
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
