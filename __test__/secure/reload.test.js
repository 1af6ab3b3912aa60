'use strict';

// Another certificate while WebSockets work: `setSecureContext`, again and again.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Server, createSecureServer } = require('../..');
const { issue } = require('../support/certificate');
const { dialed } = require('../support/https');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const ROUNDS = 20;
/** WebSockets that are there from the start; each asks again once it is answered. */
const OLD = 16;

/** A WebSocket that asks and asks. */
class Asking {
  asked = 0;
  isOver = false;

  constructor(url) {
    this.client = new Client(url, { rejectUnauthorized: false });
    /** Until it is over: each answer was to the question before. */
    this.done = this.#ask();
  }

  async #ask() {
    await this.client.opened;
    while (!this.isOver) {
      const text = `${this.asked} ${'x'.repeat((this.asked * 977) % 40_000)}`;
      this.client.send(text);
      assert.equal(await this.client.message(), text);
      this.asked++;
    }
  }
}

test('WebSockets work on while the certificate is replaced, and new ones have the new one', limit, async (t) => {
  const pairs = Array.from({ length: ROUNDS + 1 }, (_, round) => issue({ name: `certificate ${round}` }));
  const http = createSecureServer({ key: pairs[0].key, cert: pairs[0].cert }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server = new Server({ maxConnections: Infinity });
  server.listen(http);
  server.on('message', (text, sid) => server.send(sid, text));
  const heard = new Inbox(server, ['open', 'close', 'error']);
  const url = `wss://127.0.0.1:${http.address().port}/`;
  const all = Array.from({ length: OLD }, () => new Asking(url));
  t.after(() => {
    for (const { client } of all) client.destroy();
    server.close();
    http.close();
  });
  await Promise.all(all.map(({ client }) => client.opened));

  for (let round = 1; round <= ROUNDS; round++) {
    const before = all.map(({ asked }) => asked);
    const { key, cert, name } = pairs[round];
    // Some are in their handshakes.
    const amid = new Asking(url);
    http.setSecureContext({ key, cert });
    const fresh = dialed(t, http);
    await once(fresh, 'secureConnect');
    assert.equal(fresh.getPeerCertificate().subject.CN, name);
    fresh.destroy();
    all.push(amid, new Asking(url));
    await Promise.all(all.slice(-2).map(({ client }) => client.opened));
    const isGoingOn = () => before.every((asked, index) => all[index].asked > asked);
    while (!isGoingOn() && heard.list('close').length === 0) await new Promise(setImmediate);
  }
  assert.equal(http.tls.provider, 'rustls');
  assert.deepEqual([heard.list('close'), heard.list('error')], [[], []]);
  assert.equal(heard.list('open').length, OLD + 2 * ROUNDS);
  for (const one of all) one.isOver = true;
  await Promise.all(all.map(({ done }) => done));
  const carriers = heard.list('open').map(([sid]) => server.sockets[sid].transport);
  assert.deepEqual(new Set(carriers), new Set(['socket']));
});
