'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { CLOSE, TEXT, closePayload, encode } = require('../support/frames');

// What `close` says of each way in which a connection ends, in both roles: its reason, its code, and `wasClean`.

const OURS = { code: 4000, reason: 'ours' };
const THEIRS = { code: 4001, reason: 'theirs' };

/**
 * The peer of one connection: it does what a case says, and nothing else.
 */
class Peer {
  /** @param {import('../support/raw-client').RawClient} client @param {boolean} masks it is the client */
  constructor(client, masks) {
    this.client = client;
    this.socket = client.socket;
    this.masks = masks;
  }

  /** A frame as this end sends it. */
  frame(frame) {
    return encode({ mask: this.masks, ...frame });
  }

  /** A close frame; without a status an empty one. */
  closeFrame(status) {
    return this.frame({ opcode: CLOSE, payload: status && closePayload(status.code, status.reason) });
  }

  close(status) {
    return this.client.write(this.closeFrame(status));
  }

  violate() {
    return this.client.write(this.frame({ opcode: TEXT, payload: Buffer.from([0xff]) }));
  }

  /** Our close frame has come. */
  heard() {
    return this.client.closeFrame();
  }

  end() {
    this.socket.end();
  }

  reset() {
    this.socket.resetAndDestroy();
  }
}

/**
 * @typedef {object} Case
 * @property {object} [base] options of the `Base`
 * @property {object} [peer] options of the peer
 * @property {(peer: Peer, ours: () => void, server: import('../support/server').TestServer, sid: string) => unknown} run
 *   `ours` begins the closing handshake
 * @property {[reason: string | RegExp, code: number, wasClean: boolean]} told
 */

/** @type {Record<string, Case>} */
const CASES = {
  'we began, and the peer answered with a code of its own': {
    run: async (peer, ours) => {
      ours();
      await peer.heard();
      await peer.close(THEIRS);
      peer.end();
    },
    told: ['theirs', 4001, true],
  },
  'we began, and the peer answered without a code': {
    run: async (peer, ours) => {
      ours();
      await peer.heard();
      await peer.close();
      peer.end();
    },
    told: ['ours', 4000, true],
  },
  'the peer began': {
    run: async (peer) => {
      await peer.close(THEIRS);
      assert.deepEqual(await peer.heard(), THEIRS);
      peer.end();
    },
    told: ['theirs', 4001, true],
  },
  'the peer began, without a code': {
    run: async (peer) => {
      await peer.close();
      await peer.heard();
      peer.end();
    },
    told: ['', 1005, true],
  },
  'the peer began, and its FIN came at once': {
    run: async (peer) => {
      peer.socket.end(peer.closeFrame(THEIRS));
      await peer.heard();
    },
    told: ['theirs', 4001, true],
  },
  'both began at once': {
    run: async (peer, ours, { base }) => {
      base.once('message', ours);
      await peer.client.write(Buffer.concat([peer.frame({ opcode: TEXT, payload: 'x' }), peer.closeFrame(THEIRS)]));
      await peer.heard();
      peer.end();
    },
    told: ['theirs', 4001, true],
  },
  'we began, and the peer ended without a close frame': {
    run: async (peer, ours) => {
      ours();
      await peer.heard();
      peer.end();
    },
    told: ['ours', 4000, false],
  },
  'the peer ended, and nobody began': {
    run: (peer) => peer.end(),
    told: ['', 1006, false],
  },
  'the peer reset the connection, and nobody began': {
    run: (peer) => peer.reset(),
    told: ['', 1006, false],
  },
  'we began, and the peer reset the connection': {
    run: async (peer, ours) => {
      ours();
      await peer.heard();
      peer.reset();
    },
    told: ['ours', 4000, false],
  },
  'the peer reset the connection after both close frames': {
    peer: { halfOpen: true },
    run: async (peer) => {
      await peer.close(THEIRS);
      await peer.heard();
      peer.reset();
    },
    told: ['theirs', 4001, true],
  },
  'the peer reset the connection before our answer could leave': {
    run: async (peer, _ours, { base }) => {
      base.once('message', () => peer.reset());
      await peer.client.write(Buffer.concat([peer.frame({ opcode: TEXT, payload: 'x' }), peer.closeFrame(THEIRS)]));
    },
    told: ['theirs', 4001, false],
  },
  'we began, and nothing came for closeTimeout': {
    base: { closeTimeout: 50 },
    peer: { halfOpen: true },
    run: (_peer, ours) => ours(),
    told: ['ours', 4000, false],
  },
  'nothing but the FIN was missing for closeTimeout': {
    base: { closeTimeout: 200 },
    peer: { halfOpen: true },
    run: async (peer, ours) => {
      ours();
      await peer.heard();
      await peer.close(THEIRS);
    },
    told: ['theirs', 4001, true],
  },
  'a violation, and then a close frame': {
    run: async (peer) => {
      await peer.violate();
      await peer.heard();
      await peer.close(THEIRS);
      peer.end();
    },
    told: [/UTF-8/, 1007, false],
  },
  'we began, and the answer was a violation': {
    run: async (peer, ours) => {
      ours();
      await peer.heard();
      await peer.close({ code: 1006, reason: '' });
      peer.end();
    },
    told: ['ours', 4000, false],
  },
  terminate: {
    run: (_peer, _ours, { base }, sid) => base.terminate(sid),
    told: ['', 1006, false],
  },
  'terminate, when the close frame of the peer has come': {
    run: async (peer, _ours, { base }) => {
      base.once('message', (_text, sid) => base.terminate(sid));
      await peer.client.write(Buffer.concat([peer.frame({ opcode: TEXT, payload: 'x' }), peer.closeFrame(THEIRS)]));
    },
    told: ['', 1006, false],
  },
  'the peer was silent, and answered': {
    base: { timeout: 50 },
    run: async (peer) => {
      await peer.heard();
      await peer.close();
      peer.end();
    },
    told: ['timeout', 1001, true],
  },
  'the peer was silent, and did not answer': {
    base: { timeout: 50, closeTimeout: 50 },
    peer: { halfOpen: true },
    run: () => {},
    told: ['timeout', 1001, false],
  },
  'a ping of pingInterval was not answered': {
    base: { pingInterval: 50 },
    run: () => {},
    told: ['', 1006, false],
  },
  'it was the oldest, and answered': {
    base: { maxConnections: 1 },
    run: async (peer, _ours, { raw }) => {
      await raw();
      await peer.heard();
      await peer.close();
      peer.end();
    },
    told: ['maxConnections reached.', 1013, true],
  },
  'too many others were closing': {
    base: { maxConnections: 17 },
    run: async (peer, ours, { base, raw }) => {
      ours();
      await peer.heard();
      const others = [];
      while (others.length < 17) others.push((await raw()).sid);
      base.close(others);
    },
    told: ['ours', 4000, false],
  },
};

for (const [role, mask] of [
  ['server', false],
  ['client', true],
]) {
  for (const [name, { base = {}, peer: options = {}, run, told }] of Object.entries(CASES)) {
    test(
      `as a ${role}: ${name}`,
      limit,
      served({ base, assign: { mask } }, async (server) => {
        const client = await server.raw(options);
        const { sid } = client;
        await run(new Peer(client, !mask), () => server.base.close(sid, OURS.code, OURS.reason), server, sid);
        const heard = () => server.events.list('close').find(([, of]) => of === sid);
        await server.events.until(() => heard() !== undefined);
        const [reason, , code] = heard();
        const [expected, ...rest] = told;
        assert.deepEqual([code, server.events.clean.get(sid)], rest);
        if (expected instanceof RegExp) assert.match(reason, expected);
        else assert.equal(reason, expected);
      }),
    );
  }
}
