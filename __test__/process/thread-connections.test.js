'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { limit } = require('../support/server');

const skip = process.platform === 'win32' && 'no I/O threads here';

for (const [threads, each] of [
  [1, 3],
  [2, 2],
]) {
  test(`${threads} I/O threads of ${each} connections are full: assignSocket throws, and nothing has changed`, {
    ...limit,
    skip,
  }, async (t) => {
    const env = { WEBSOCKETS_IO_THREADS: threads, WEBSOCKETS_THREAD_CONNECTIONS: each };
    const all = threads * each;
    const child = run(t, 'full-threads.js', [all], { env });
    assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
    const [[, name, code, message], ...lines] = child.lines;
    assert.deepEqual([name, code], ['Error', 'ERR_WS_TOO_MANY_CONNECTIONS']);
    assert.match(message, /the I\/O threads can carry no more connections/);
    assert.deepEqual(lines, [
      ['unchanged', all, all, all, 'socket'],
      ['by a stream', 'usable'],
      ['room again', 'usable', 'socket'],
    ]);
  });
}

test('what is no number from 1 to 67,108,864 is as if it were not set', { ...limit, skip }, async (t) => {
  for (const text of ['0', 'many', '67108865']) {
    const child = run(t, 'full-threads.js', [4], {
      env: { WEBSOCKETS_IO_THREADS: '1', WEBSOCKETS_THREAD_CONNECTIONS: text },
    });
    // Nothing is thrown: the socket was assigned, and assigning it again is what goes wrong.
    assert.equal((await child.exited).code, 1);
    assert.deepEqual(child.lines[0], ['unchanged', 5, 5, 5, 'socket']);
    assert.match(child.stderr, /ERR_WS_SOCKET_TAKEN/);
  }
});

test("a worker that is terminated as it assigns a socket keeps nobody's place", { ...limit, skip }, async (t) => {
  const child = run(t, 'worker-place.js', [], {
    env: { WEBSOCKETS_IO_THREADS: '1', WEBSOCKETS_THREAD_CONNECTIONS: '1' },
  });
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
  assert.deepEqual(child.lines, [['assigned', 'socket']]);
});
