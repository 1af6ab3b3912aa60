'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { Base } = require('../..');
const { FrameReader, CLOSE, TEXT, closePayload, encode } = require('./frames');

const ROUNDS = 10_000;
const OPEN_AT_ONCE = 8;
const BUSY = 4;

/** A client of as few instructions as can be: all it keeps is what it was told, in order. */
class LeanClient {
  constructor(port) {
    this.told = [];
    this.reader = new FrameReader();
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.closed = new Promise((resolve, reject) => {
      this.socket.on('close', () => resolve(this));
      this.socket.on('error', reject);
      this.socket.on('data', (chunk) => this.reader.push(chunk).forEach((frame) => this.take(frame)));
    });
  }

  take({ opcode, payload }) {
    if (opcode === CLOSE) this.socket.end(encode({ opcode: CLOSE, payload: closePayload(1000) }));
    this.told.push(opcode === CLOSE ? 'close' : payload.toString());
  }

  text(payload) {
    this.socket.write(encode({ opcode: TEXT, payload }));
  }
}

/** A client that answers each `echo` with the next message, for ever. */
class BusyClient extends LeanClient {
  constructor(port) {
    super(port);
    this.echoes = 0;
    this.text('busy 0');
  }

  take({ opcode, payload }) {
    if (opcode === TEXT && payload.toString() === `echo of busy ${this.echoes}`) this.text(`busy ${++this.echoes}`);
    else super.take({ opcode, payload });
  }
}

/**
 * `send, send(sid), send, close(sid)`, 10,000 times, on one connection after another while others
 * are busy: every peer hears them in the order of the calls.
 *
 * @param {import('node:test').TestContext} t
 */
async function tenThousandRounds(t) {
  const base = new Base({ maxConnections: Infinity });
  const server = net
    .createServer({ noDelay: true }, (socket) => base.assignSocket(socket))
    .listen(0, '127.0.0.1', 1024);
  t.after(() => server.close());
  t.after(() => base.terminate(null));
  await once(server, 'listening');
  const { port } = server.address();

  let rounds = 0;
  const startedAs = new Map(); // sid → its round
  base.on('message', (text, sid) => {
    if (text.startsWith('busy')) return base.send(sid, `echo of ${text}`);
    // In the listener, after it, or once in a later turn: sends take different ways to the socket.
    if (text === 'now') round(sid);
    else if (text === 'soon') process.nextTick(round, sid);
    else setImmediate(round, sid);
  });

  /** One round; every connection hears of it, and this one twice, and then no more. */
  function round(sid) {
    const n = rounds++;
    startedAs.set(sid, n);
    base.send(`A${n}`);
    base.send(sid, `B${n}`);
    base.send(`C${n}`);
    base.close(sid);
  }

  const busy = Array.from({ length: BUSY }, () => new BusyClient(port));
  busy.forEach(({ closed }) => closed.catch(() => {}));
  const kinds = ['now', 'soon', 'later'];
  let started = 0;
  await Promise.all(
    Array.from({ length: OPEN_AT_ONCE }, async () => {
      while (started < ROUNDS) {
        const client = new LeanClient(port);
        client.text(kinds[started++ % kinds.length]);
        assertRounds((await client.closed).told);
      }
    }),
  );
  assert.equal(rounds, ROUNDS);
  assert.equal(startedAs.size, ROUNDS);

  // Those that were there from the first round to the last heard of all of them.
  const ended = busy.map(({ closed }) => closed);
  base.close();
  for (const { told, echoes } of await Promise.all(ended)) {
    assert.equal(told.pop(), 'close');
    assertBroadcasts(told);
    assert.ok(told.length > 2 * (ROUNDS - OPEN_AT_ONCE));
    assert.ok(echoes > 100, `${echoes} messages are no load`);
  }
}

/** `A, C` of the rounds of others, one after another, then `A, B, C, close` of its own. */
function assertRounds(told) {
  const end = told.splice(-4);
  const n = Number(end[0]?.slice(1));
  assert.deepEqual(end, [`A${n}`, `B${n}`, `C${n}`, 'close']);
  assertBroadcasts(told);
  if (told.length > 0) assert.equal(told[told.length - 1], `C${n - 1}`);
}

/** Each round's `A` and `C`, no round left out and none twice. */
function assertBroadcasts(told) {
  if (told.length === 0) return;
  const first = Number(told[0].slice(1));
  assert.equal(told.length % 2, 0);
  for (let i = 0; i < told.length; i++) {
    assert.equal(told[i], `${i % 2 === 0 ? 'A' : 'C'}${first + (i >> 1)}`);
  }
}

module.exports = { tenThousandRounds };
