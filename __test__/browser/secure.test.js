'use strict';

// Chromium loads a page from `createSecureServer`, and opens WebSockets to it.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const { Server, createSecureServer } = require('../..');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const launch = require('./chromium');
const converse = require('./converse');

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  test(`a page and its WebSockets by ${maxVersion}`, { timeout: 60_000 }, async (t) => {
    const page = (_req, res) => res.end('<!doctype html><title>page</title>');
    const httpServer = createSecureServer({ ...selfSigned(), maxVersion }, page);
    assert.equal(httpServer.tls.provider, 'rustls');
    const server = new Server({ protocols: ['b'], perMessageDeflate: true }).listen(httpServer);
    const events = new Inbox(server, ['open', 'close', 'error']);
    server.on('message', (text, sid) => server.send(sid, text));
    const versions = new Set();
    httpServer.on('secureConnection', (socket) => versions.add(socket.getProtocol()));
    await once(httpServer.listen(0, '127.0.0.1'), 'listening');
    const tab = await browser.newPage({ ignoreHTTPSErrors: true });
    t.after(async () => {
      await tab.close();
      server.terminate(null).close();
      httpServer.close();
    });
    await converse(tab, httpServer);
    assert.deepEqual([...versions], [maxVersion]);
    assert.deepEqual(
      Object.values(server.sockets).map(({ transport }) => transport),
      ['socket'],
    );
    // A tab that is closed takes its WebSocket with it.
    await tab.close();
    await events.atLeast('close', 2);
    assert.equal(events.list('error').length, 0);
  });
}
