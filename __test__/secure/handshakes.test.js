'use strict';

// TLS handshakes that never end: how many there may be, what each costs, and what ends them. The server is a process of its
// own, which counts them.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { describe, test } = require('node:test');
const tls = require('node:tls');
const { selfSigned } = require('../support/certificate');
const { run } = require('../support/child');
const { fetched } = require('../support/https');
const { KiB } = require('../support/memory');
const { Told } = require('../support/told');

const MANY = 1_000;
const limit = { timeout: 120_000 };
const skip = !fs.existsSync('/proc/self/status') && 'memory is not counted alike here';

/** A server that has begun. @returns {Promise<Told & { port: number, address: () => { port: number } }>} */
async function begun(t, options) {
  const child = run(t, 'secure-server.js', [{ ...selfSigned(), ...options }], { flags: ['--expose-gc'] });
  const server = new Told(child);
  const [port, provider] = await server.says('at');
  assert.equal(provider, 'rustls');
  return Object.assign(server, { port, address: () => ({ port }) });
}

/** What a client says first. @param {tls.ConnectionOptions} options @returns {Promise<Buffer>} */
function helloOf(options) {
  return new Promise((resolve) => {
    const socket = new Duplex({ read() {}, write: (chunk) => resolve(chunk) });
    tls.connect({ socket, ...options }).on('error', () => {});
  });
}

/** All but the end of the longest message that there may be, in records (RFC 8446 §5.1) as long as they may be. */
function longest() {
  const message = Buffer.concat([Buffer.of(1, 0, 0xff, 0xff), Buffer.alloc(0xfffe)]);
  const pieces = [];
  for (let at = 0; at < message.length; at += 1 << 14) {
    const piece = message.subarray(at, at + (1 << 14));
    pieces.push(Buffer.of(22, 3, 1, piece.length >> 8, piece.length & 255), piece);
  }
  return Buffer.concat(pieces);
}

/** What peers say that say nothing more, and the most bytes that a handshake of each may take. */
const KINDS = {
  'a part of a ClientHello': { most: 40 * KiB, bytes: async () => (await helloOf({})).subarray(0, 40) },
  'a ClientHello of TLS 1.2': { most: 40 * KiB, bytes: () => helloOf({ maxVersion: 'TLSv1.2' }) },
  'a ClientHello of TLS 1.3': { most: 40 * KiB, bytes: () => helloOf({}) },
  'all but the end of a message of 64 KiB': { most: 120 * KiB, bytes: longest },
};

/** @returns {Promise<net.Socket[]>} peers that are connected, and say `bytes` */
async function besiege(t, { port }, bytes, count = MANY) {
  const peers = [];
  t.after(() => peers.forEach((peer) => peer.destroy()));
  while (peers.length < count) {
    const peer = net.connect(port, '127.0.0.1').on('error', () => {});
    peers.push(peer);
    await once(peer, 'connect');
    peer.resume().write(bytes);
  }
  return peers;
}

/** All of them have ended, by an error or not. @param {net.Socket[]} peers */
const ended = (peers) =>
  Promise.all(peers.map((peer) => peer.closed || new Promise((over) => peer.once('close', over))));

/** How often they come. */
const SIEGES = 4;

describe(`${MANY} handshakes that never end`, () => {
  for (const [kind, { bytes, most }] of Object.entries(KINDS)) {
    test(`after ${kind}: others are served, and the next have the memory of those before`, {
      ...limit,
      skip,
    }, async (t) => {
      const said = await bytes();
      const server = await begun(t, { maxHandshakes: MANY + 1 });
      const agent = new https.Agent({ keepAlive: true });
      t.after(() => agent.destroy());
      const isServed = async () => {
        for (const one of [agent, false]) {
          const { body } = await fetched(server, { agent: one });
          assert.equal(body.toString(), 'answer');
        }
      };
      await isServed();
      const [atRest] = await server.ask('rest');
      const each = [];
      for (let siege = 1; siege <= SIEGES; siege++) {
        const peers = await besiege(t, server, said);
        await server.ask('until', 'underWay', MANY);
        await isServed();
        each.push(((await server.ask('rest'))[0] - atRest) / MANY);
        peers.forEach((peer) => peer.destroy());
        await server.ask('until', 'gone', siege * MANY);
        await server.ask('rest');
      }
      t.diagnostic(`KiB a handshake, by siege: ${each.map((size) => (size / KiB).toFixed(1)).join(', ')}`);
      assert.ok(Math.max(...each) <= most, `${Math.max(...each)} bytes a handshake`);
      // Allocators keep what they once had, and what is lost would be lost each time.
      assert.ok(each[3] < 1.5 * each[1], `${each} bytes a handshake`);
    });
  }

  test('of which no more are under way than maxHandshakes', limit, async (t) => {
    const server = await begun(t, { maxHandshakes: MANY });
    const agent = new https.Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const ask = async (options) => (await fetched(server, options)).body.toString();
    assert.equal(await ask({ agent }), 'answer');
    const said = await helloOf({});
    const peers = await besiege(t, server, said);
    await server.ask('until', 'underWay', MANY);
    const late = await besiege(t, server, said, 100);
    await ended(late);
    await assert.rejects(ask({ agent: false }), { code: 'ECONNRESET' });
    const [state] = await server.ask('until', 'drop', 101);
    assert.deepEqual([state.underWay, state.most, state.drop], [MANY, MANY, 101]);
    assert.equal(await ask({ agent }), 'answer');
    peers.forEach((peer) => peer.destroy());
    await server.ask('until', 'gone', MANY);
    assert.equal(await ask({ agent: false }), 'answer');
  });

  test('are ended by handshakeTimeout, each of them', limit, async (t) => {
    const server = await begun(t, { handshakeTimeout: 1500 });
    const peers = await besiege(t, server, await helloOf({}));
    const closed = ended(peers);
    const [state] = await server.ask('until', 'timeout', MANY);
    await closed;
    assert.deepEqual([state.underWay, state.gone, state.drop], [0, 0, 0]);
    assert.equal((await fetched(server, { agent: false })).body.toString(), 'answer');
  });
});
