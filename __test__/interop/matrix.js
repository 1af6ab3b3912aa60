'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { once } = require('node:events');
const { Client, Server } = require('../..');
const { selfSigned } = require('../support/certificate');
const { End } = require('./end');
const { MODES, parametersOf } = require('./modes');
const { echoes, fragments, ourClosing, reach, repeats, theirClosing } = require('./exchange');

/** A hang is a failure; no test is near this on a slow machine. */
const limit = { timeout: 30_000 };

/**
 * What is known of a peer.
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {() => object | Promise<object>} start `connect` or `listen`, and `end`
 * @property {(settings: object) => boolean} can whether it can be told so; it can always be told nothing
 * @property {(mode: import('./modes').Mode) => string | null} [answer] what is agreed, where that is
 *   not what the mode says
 * @property {(mode: import('./modes').Mode) => boolean} [refuses] whether it fails the connection, as it
 *   cannot do what is agreed
 * @property {boolean} [compresses] `false`: it only inflates
 * @property {boolean} [fragments] whether it can send a message in fragments
 * @property {boolean} [pings] whether it can send a ping
 * @property {number} [closesWith] what it answers to our close frame, where that is not its code
 */

/**
 * What both directions must look like.
 *
 * @param {Peer} peer
 * @param {import('./modes').Mode} mode
 * @param {'server' | 'client'} ourRole
 * @param {Record<string, string> | null} agreed
 */
function expectations(peer, mode, ourRole, agreed) {
  const settings = { ...mode.ours, ...mode.theirs };
  const direction = (role, compresses) => {
    const resets = settings[`${role}NoContextTakeover`] || agreed?.[`${role}_no_context_takeover`] !== undefined;
    const compressed = compresses && agreed !== null;
    return { compressed, remembers: compressed && !resets };
  };
  const theirRole = ourRole === 'server' ? 'client' : 'server';
  const window = Math.min(settings.serverMaxWindowBits ?? 15, settings.clientMaxWindowBits ?? 15);
  return {
    sent: direction(ourRole, true),
    received: direction(theirRole, peer.compresses !== false),
    window,
    ratio: window < 12 ? 0.6 : 0.4,
  };
}

/** What both ends have agreed upon, as each of them sees it. */
function checkAgreed(end, connection, response, agreed) {
  const ours = end.base.sockets[end.sid].extensions;
  assert.deepEqual(ours, agreed === null ? [] : ['permessage-deflate']);
  assert.deepEqual(parametersOf(connection.extensions), agreed, 'as the peer sees it');
  if (response) assert.deepEqual(parametersOf(response.headers['sec-websocket-extensions']), agreed);
}

/**
 * The first connection carries everything, and we close it; the second the peer closes.
 *
 * @param {Peer} peer
 * @param {import('./modes').Mode} mode
 * @param {'server' | 'client'} ourRole
 * @param {(pongs: boolean) => Promise<{ end: End, connection: object, response?: http.IncomingMessage }>}
 *   connect with `pongs`, a peer that can either answer pings or tell of pongs does the latter
 */
async function converse(peer, mode, ourRole, connect) {
  const agreed = agreedOf(peer, mode);
  const expected = expectations(peer, mode, ourRole, agreed);
  const first = await connect(false);
  checkAgreed(first.end, first.connection, first.response, agreed);
  await echoes(first.end, first.connection, expected);
  await repeats(first.end, first.connection, expected);
  await reach(first.end, first.connection);
  if (peer.fragments) await fragments(first.end, first.connection);
  await ourClosing(first.end, first.connection, peer);
  const second = await connect(true);
  checkAgreed(second.end, second.connection, second.response, agreed);
  await theirClosing(second.end, second.connection, peer);
}

/** What the ends will agree upon. */
function agreedOf(peer, mode) {
  const otherwise = mode.agreed === null ? undefined : peer.answer?.(mode);
  const parameters = otherwise === undefined ? mode.agreed : otherwise;
  return parameters === null ? null : parametersOf(`permessage-deflate; ${parameters}`);
}

/** The modes that a peer can have part in. */
function modesOf(peer) {
  return MODES.filter((mode) => mode.theirs === undefined || peer.can(mode.theirs));
}

/** A client that cannot do what our Server answers fails the connection (RFC 7692 §7.1). */
async function refusal({ end, connecting }) {
  await assert.rejects(connecting, /HandshakeError|NegotiationError/);
  await end.opened();
  await end.next('close');
}

/**
 * Tests our `Server` with a client.
 *
 * @param {Peer} peer
 */
function testClient(peer) {
  let running;
  before(async () => {
    running = await peer.start();
  });
  after(() => running?.end());
  for (const mode of modesOf(peer)) {
    const refuses = peer.refuses?.(mode) ?? false;
    test(`${peer.name} with our Server: ${mode.name}${refuses ? ', which it refuses' : ''}`, limit, async (t) => {
      const httpServer = mode.tls ? https.createServer(selfSigned()) : http.createServer();
      const server = new Server({ perMessageDeflate: mode.ours });
      t.after(() => {
        server.terminate(null);
        httpServer.close();
      });
      server.listen(httpServer);
      httpServer.listen(0, '127.0.0.1');
      await once(httpServer, 'listening');
      const url = `${mode.tls ? 'wss' : 'ws'}://127.0.0.1:${httpServer.address().port}/`;
      const begin = (pongs) => ({
        end: new End(server),
        connecting: running.connect(url, { deflate: mode.theirs, pongs }),
      });
      if (refuses) {
        await refusal(begin(false));
      } else {
        await converse(peer, mode, 'server', async (pongs) => {
          const { end, connecting } = begin(pongs);
          const [connection] = await Promise.all([connecting, end.opened()]);
          return { connection, end };
        });
      }
      await new Promise((resolve) => server.close(resolve));
    });
  }
}

/**
 * Tests our `Client` with a server.
 *
 * @param {Peer} peer
 */
function testServer(peer) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-interop-'));
  const tls = { ...selfSigned(), file: path.join(folder, 'both.pem') };
  fs.writeFileSync(tls.file, tls.key + tls.cert);
  let running;
  before(async () => {
    running = await peer.start();
  });
  after(() => {
    fs.rmSync(folder, { recursive: true });
    return running?.end();
  });
  for (const mode of modesOf(peer)) {
    test(`our Client with ${peer.name}: ${mode.name}`, limit, async (t) => {
      const server = await running.listen({ deflate: mode.theirs, tls: mode.tls && tls });
      const client = new Client({ perMessageDeflate: mode.ours, ca: tls.cert });
      t.after(() => {
        client.terminate(null);
        return server.stop();
      });
      const url = `${mode.tls ? 'wss' : 'ws'}://127.0.0.1:${server.port}/`;
      await converse(peer, mode, 'client', async (pongs) => {
        const end = new End(client);
        client.open(pongs ? `${url}?pongs` : url);
        const [response, connection] = await Promise.all([end.opened(), server.accept()]);
        return { connection, end, response };
      });
    });
  }
}

module.exports = { testClient, testServer };
