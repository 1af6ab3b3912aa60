'use strict';

// A process, or a worker of it, ends while its connections are as busy as they can be. Peers see the
// end, and nothing crashes or hangs. Runs on both transports, whatever WEBSOCKETS_TEST_TRANSPORT says.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { run } = require('../support/child');
const { flood } = require('../support/flood');
const { PING, TEXT, encode } = require('../support/frames');

const ROUNDS = 2;
const CLIENTS = 4;
const limit = { timeout: 120_000 };

const frames = [encode({ opcode: TEXT, payload: 'x'.repeat(200) }), encode({ opcode: PING, payload: 'p' })];
const packet = Buffer.concat(new Array(100).fill(frames).flat());

/** How the connections are carried. */
const CARRIED = {
  'by I/O threads': {},
  'by I/O threads that compress': { extensions: 'permessage-deflate' },
  'by streams': { transport: 'stream' },
};

/** What a server ends by, and the exit code that follows. */
const ENDS = {
  'process.exit() in a listener': 3,
  'process.exit() in a timer': 3,
  'a throw in a listener': 1,
  'a throw in a timer': 1,
  'the last connection': 0,
  'unref() of all connections': 0,
};

/** The script, with all its clients in full swing. */
async function busy(t, script, settings) {
  const child = run(t, script, [settings]);
  const [, port] = await child.says();
  const clients = Array.from({ length: CLIENTS }, () => flood(port, packet, { upgrade: false }));
  t.after(() => clients.forEach(({ socket }) => socket.destroy()));
  while (clients.some(({ read }) => read < 50_000)) await once(clients[0].socket, 'data');
  return { child, seen: Promise.all(clients.map(({ ended }) => ended)) };
}

/** A server that nothing keeps alive does not go on for as long as its peers have something to say. */
function assertEnds({ lines }) {
  for (const [name, heard] of lines) if (name === 'heard') assert.ok(heard < 100_000, `${heard} messages`);
}

for (const [how, settings] of Object.entries(CARRIED)) {
  for (const [end, code] of Object.entries(ENDS)) {
    test(`${end} ends a process, connections carried ${how}`, limit, async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const { child, seen } = await busy(t, 'busy-server.js', settings);
        child.tell(end);
        assert.deepEqual(await child.exited, { code, signal: null }, child.stderr);
        assert.equal(child.stderr.includes('the fault of the application'), code === 1, child.stderr);
        await seen;
        assertEnds(child);
      }
    });
  }

  for (const [end, code] of Object.entries({ ...ENDS, 'terminate()': 1 })) {
    test(`${end} ends a worker, connections carried ${how}`, limit, async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const { child, seen } = await busy(t, 'busy-workers.js', [settings]);
        child.tell(`0: ${end}`);
        await seen;
        const fault = end.startsWith('a throw') ? 'the fault of the application' : '';
        assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
        assert.deepEqual(child.lines[child.lines.length - 1], ['ended', code, fault, 0]);
        assert.equal(child.stderr, '');
        assertEnds(child);
      }
    });
  }

  for (const signal of ['SIGTERM', 'SIGKILL']) {
    test(`peers of a process that ${signal} ends see it, connections carried ${how}`, limit, async (t) => {
      const { child, seen } = await busy(t, 'busy-server.js', settings);
      child.process.kill(signal);
      assert.deepEqual(await child.exited, { code: null, signal });
      await seen;
    });
  }
}
