'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const test = require('node:test');
const { root, take } = require('./blocks');
const { OPTIONS, run } = require('./run');

test('monitoring: the server, and the command that it prints', OPTIONS, async (t) => {
  const server = await run(t, take('monitoring', 'In the terminal')[0], { until: /Bearer \S+'/ });
  const [, header] = /^npx websockets top -H '(Authorization: Bearer [\w-]+)'$/m.exec(server.text);
  const command = path.join(root, 'bin', 'websockets.js');
  for (const [more, expected] of [
    [['-H', header], 0],
    [[], 1],
  ]) {
    const args = [command, 'top', `${server.url}/monitor`, '--once', ...more];
    const [code] = await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit');
    assert.equal(code, expected);
  }
});

// What is exported every ten seconds would keep a test waiting.
test('monitoring: metrics by OpenTelemetry', OPTIONS, async (t) => {
  const [block] = take('monitoring', 'OpenTelemetry');
  await run(t, block.replace('10_000', '200'), { until: /name: 'websockets\.connections'/ });
});
