'use strict';

// A peer whose network goes down without a FIN or a reset: a client behind a network interface of its own
// (`ip`, Debian's iproute2), in network namespaces, which takes root or user namespaces. They run on all
// three transports.
//
// Where the machine does not permit that, they say so and are left out; `stopped-client.test.js` does the
// same with a client whose process is stopped, everywhere.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { describe, test } = require('node:test');
const { run } = require('../support/child');
const { TRANSPORTS } = require('../support/pressed');

const UNSHARE = ['unshare', '--map-root-user', '--net'];
const probe = spawnSync(
  UNSHARE[0],
  [
    ...UNSHARE.slice(1),
    'sh',
    '-ec',
    'ip link add near type veth peer name far; echo 4096 4096 4096 > /proc/sys/net/ipv4/tcp_wmem',
  ],
  { encoding: 'utf8' },
);
const skip =
  probe.status !== 0 &&
  `no network namespaces here (${probe.error?.message ?? probe.stderr.trim()}): stopped-client.test.js stands for it`;

const dropped = ['close', '', true, 1006];

/** What is done with a peer whose network is down, and how it ends. */
const ENDS = {
  'pings it': [dropped],
  'waits for it': [['close', 'timeout', true, 1001]],
  'writes to it': [['bounded', true, 'WS_ERR_BACKPRESSURE'], dropped],
  'waits until it is back': [['heard all'], dropped],
};

for (const transport of TRANSPORTS) {
  describe(`a peer whose network is down: ${transport}`, { concurrency: true, skip }, () => {
    for (const [what, ends] of Object.entries(ENDS)) {
      test(`the server ${what}, others go on`, { timeout: 60_000, skip }, async (t) => {
        const child = run(t, 'dead-network.js', [transport, what], { within: UNSHARE });
        assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
        assert.deepEqual(child.lines, [['there'], ...ends, ['others go on', 1]]);
      });
    }

    // Each write of more than 4 KiB is a part of it.
    test('a send buffer of 4 KiB: all arrives, in order', { timeout: 60_000, skip }, async (t) => {
      const child = run(t, 'tiny-send-buffer.js', [transport], { within: UNSHARE });
      assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
      assert.deepEqual(child.lines, [['left behind', true], ['heard all']]);
    });
  });
}
