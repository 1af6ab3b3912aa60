'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { run } = require('./child');
const { dial } = require('./dial');
const { CLOSE, PING, TEXT, closePayload, encode } = require('./frames');
const { unixPath } = require('./server');

const MIB = 1024 * 1024;
/** What a plateau may vary by: V8's young generation, and what an allocator keeps of its arenas. */
const SLACK = 16 * MIB;
/** Looks at the process on the way. */
const LOOKS = 16;
const AT_ONCE = 32;

const text = (payload) => encode({ opcode: TEXT, payload });
const close = encode({ opcode: CLOSE, payload: closePayload(1000) });

/** A peer that ends while it is paused is not gone, but for one that has ended both ways, or was reset. */
function reset(socket) {
  if (socket.wire.remoteAddress === undefined)
    socket.destroy(); // Unix-domain
  else socket.resetAndDestroy();
}

/** How a connection may live and end: what the client sends, and what it does once something came back. */
const LIVES = [
  [[text('hello'), close], () => {}],
  [[text('close')], (socket) => socket.write(close)],
  [[text('terminate')], () => {}],
  [[text('destroy')], () => {}],
  [[text('hello'), encode({ opcode: PING, payload: 'p' })], (socket) => socket.end()],
  [[text('hello')], (socket) => socket.destroy()],
  [[encode({ opcode: 3 })], () => {}],
  [[text('pause'), text('more')], reset],
  [[], (socket) => socket.end()],
];

/** One connection, from its beginning to its end. */
async function live(at, n) {
  const [says, react] = LIVES[n % LIVES.length];
  const socket = dial(at);
  socket.on('error', () => {}); // the server may be gone before it has read all
  const ended = once(socket, 'close').catch(() => {});
  socket.once('data', () => react(socket));
  if (says.length === 0) socket.once(at.ca === undefined ? 'connect' : 'secureConnect', () => react(socket));
  else socket.write(Buffer.concat(says));
  await ended;
}

/** The lowest of some looks: what is in use, and not what is about to be let go of. */
const least = (looks, name) => Math.min(...looks.map((look) => look[name]));

/**
 * Connections are opened and closed: what the process has comes to rest, and nothing that knew them grows.
 *
 * @param {import('node:test').TestContext} t
 * @param {'socket' | 'stream' | 'tls'} transport
 * @param {number} count of connections, a multiple of 16
 */
async function comeAndGo(t, transport, count) {
  const every = count / LOOKS;
  const path = unixPath();
  const child = run(t, 'many-lives.js', [transport, every, path]);
  const [, port, ca] = await child.says();
  const at = transport === 'tls' ? { host: '127.0.0.1', port, ca, servername: 'localhost' } : { path };
  const looks = [];
  for (let look = 0; look < LOOKS; look++) {
    let begun = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (begun < every) await live(at, begun++);
      }),
    );
    looks.push((await child.says())[1]);
  }
  const [third, fourth] = [looks.slice(LOOKS / 2, (LOOKS * 3) / 4), looks.slice((LOOKS * 3) / 4)];
  t.diagnostic(
    `MiB of RSS, of heap: ${looks.map(({ rss, heapUsed }) => `${Math.round(rss / MIB)}/${(heapUsed / MIB).toFixed(1)}`).join(' ')}`,
  );
  for (const name of ['rss', 'heapUsed', 'external']) {
    const [before, after] = [least(third, name), least(fourth, name)];
    const slack = name === 'rss' ? SLACK : MIB;
    assert.ok(after <= before + slack, `${name}: ${before / MIB} → ${after / MIB} MiB`);
  }
  const last = looks[looks.length - 1];
  assert.equal(last.closed, count);
  for (const name of ['registered', 'queuedBytes']) assert.equal(last[name], 0, name);
  for (const name of ['descriptors', 'handles']) {
    assert.ok(last[name] <= looks[0][name] + 4, `${looks[0][name]} → ${last[name]} ${name}`);
  }
  // Node itself may hold on to what it used last.
  assert.ok(last.made.connections > count * 0.9);
  for (const [what, made] of Object.entries(last.made)) {
    assert.ok(last.gone[what] >= made - 200, `${last.gone[what]} of ${made} ${what} are garbage`);
  }
}

module.exports = { comeAndGo };
