'use strict';

// Connections that break while much is under way both ways, and queues of more pieces than one system
// call takes. They run on all three transports.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { PING, TEXT, encode } = require('../support/frames');
const { isNumber, numbered } = require('../support/numbered');
const { TRANSPORTS } = require('../support/pressed');
const { served } = require('../support/server');

const limit = { timeout: 60_000 };
const MiB = 1 << 20;

/** Ways to go, in the middle of what is sent and received. */
const WAYS = {
  'a reset': (client) => client.socket.resetAndDestroy(),
  'the end of its side': (client) => client.socket.end(),
  'a destroyed socket': (client) => client.socket.destroy(),
};

/** Numbered messages that a client writes in one go, the last of them cut. */
const flood = Buffer.concat([
  ...Array.from({ length: 300 }, (_, n) => encode({ opcode: TEXT, payload: numbered(n, 1000) })),
  encode({ opcode: TEXT, payload: 'never whole' }).subarray(0, 9),
]);

for (const transport of TRANSPORTS) {
  describe(`faults: ${transport}`, () => {
    for (const [how, leave] of Object.entries(WAYS)) {
      test(
        `${how} of 60 connections under load: close 1006 for each, what came is in order, others go on`,
        limit,
        served({ transport, base: { maxConnections: Infinity } }, async (server) => {
          const { base, events, raw, connect } = server;
          base.removeAllListeners('message'); // the inbox's
          const heard = new Map();
          base.on('message', (text, sid) => {
            if (sid === other.sid) return;
            const n = heard.get(sid) ?? 0;
            assert.ok(isNumber(text, n, 1000), `message ${n} is ${text.slice(0, 20)}`);
            heard.set(sid, n + 1);
            base.send(sid, text); // into the hole, for most of them
          });
          const other = await connect();
          const leaving = await Promise.all(Array.from({ length: 60 }, (_, i) => raw({ paused: i % 2 === 0 })));
          let n = 0;
          for (const client of leaving) {
            client.write(flood).catch(() => {});
            base.send(numbered(n++, 50_000));
            setImmediate(leave, client);
          }
          await events.until(() => events.list('close').length === leaving.length);
          assert.ok(events.list('close').every(([reason, , code]) => reason === '' && code === 1006));
          base.send(numbered(n++, 50_000));
          await other.inbox.atLeast('message', n);
          other.messages.forEach((message, i) => assert.ok(isNumber(message, i, 50_000), `message ${i} is another`));
          base.ping(other.sid); // what is read after the answer was written before it, and has been counted
          await events.next('pong');
          assert.deepEqual([[...base.socketsHistory], base.stats().queuedBytes], [[other.sid], 0]);
        }),
      );
    }

    test(
      "writes to a peer that is gone are nobody's error (EPIPE)",
      limit,
      served({ transport }, async ({ base, events, raw, connect }) => {
        const other = await connect();
        for (let i = 0; i < 50; i++) {
          const client = await raw();
          client.socket.resetAndDestroy();
          const closed = events.atLeast('close', i + 1);
          for (;;) {
            base.send(client.sid, Buffer.alloc(100_000));
            if (base.sockets[client.sid] === undefined) break;
            await new Promise(setImmediate);
          }
          await closed;
        }
        assert.equal(events.list('error').length, 0);
        base.send('still here');
        assert.equal(await other.message(), 'still here');
      }),
    );

    // The system takes 1,024 pieces (IOV_MAX) at once. Frames over 1 KiB are a piece each, small ones are
    // joined, and those to all are kept by reference.
    test(
      '5,000 pieces for one peer, small and large, to one and to all, arrive in order',
      limit,
      served({ transport, unix: true }, async ({ base, raw }) => {
        const [client, witness] = [await raw({ paused: true }), await raw()];
        const sizeOf = (n) => (n % 3 === 0 ? 100 : 1100 + (n % 7));
        const due = { [client.sid]: [], [witness.sid]: [] };
        base.send(client.sid, numbered(0, MiB)); // the kernel's buffer is full from here on
        await new Promise(setImmediate);
        for (let n = 0; n < 7500; n++) {
          const to = n % 5 < 2 ? null : n % 5 < 4 ? client.sid : [client.sid, witness.sid];
          base.send(to, numbered(n, sizeOf(n)));
          due[client.sid].push(n);
          if (to !== client.sid) due[witness.sid].push(n);
          if (n % 1000 === 999) await new Promise(setImmediate);
        }
        base.ping(client.sid, 'the end');
        assert.ok(base.bufferedAmount(client.sid) > 5 * MiB);
        client.resume();
        await client.inbox.until(() => client.frames.at(-1)?.opcode === PING);
        await witness.inbox.atLeast('frame', due[witness.sid].length);
        for (const [{ sid, frames }, from] of [
          [client, 1],
          [witness, 0],
        ]) {
          const wrong = due[sid].findIndex((n, i) => !isNumber(frames[from + i].payload, n, sizeOf(n)));
          assert.equal(wrong, -1, `message ${wrong} is another`);
        }
        assert.equal(client.frames.length, 1 + 7500 + 1);
      }),
    );
  });
}
