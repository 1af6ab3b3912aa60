'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { spawn } = require('node:child_process');
const { test } = require('node:test');
const { run } = require('../support/child');
const { limit, served } = require('../support/server');

const skip = process.platform === 'win32' && 'no descriptors here';

for (const which of ['first', 'later']) {
  test(`no descriptor left for a socket (${which} of the process): it throws, and nothing has changed`, {
    ...limit,
    skip,
  }, async (t) => {
    const child = run(t, 'out-of-descriptors.js', [which], { descriptors: 64 });
    assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
    const answer = ['answer', 'usable'];
    const before = which === 'later' ? 1 : 0;
    assert.deepEqual(child.lines, [...new Array(before).fill(answer), ['thrown', 'EMFILE', before, before], answer]);
  });
}

test('no descriptor left for a socket on the stream transport: it takes none', { ...limit, skip }, async (t) => {
  const child = run(t, 'out-of-descriptors.js', ['stream'], { descriptors: 64 });
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
  assert.deepEqual(child.lines, [['answer', 'usable']]);
});

for (const which of ['server', 'engine']) {
  test(`no descriptor left for a socket of a Server (${which}): 503, an error, and the next one is served`, {
    ...limit,
    skip,
  }, async (t) => {
    const child = run(t, 'out-of-descriptors.js', [which], { descriptors: 64 });
    assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
    assert.deepEqual(child.lines, [
      ['error', 'EMFILE', 0, 0],
      ['refused', 503],
      ['answer', 'usable'],
    ]);
  });
}

test(
  'a child process does not inherit the connection',
  { ...limit, skip },
  served({}, async ({ base, events, raw }, t) => {
    const client = await raw();
    await client.text('x');
    await events.next('message'); // it is Rust that has the socket now
    const child = spawn(process.execPath, ['-e', 'console.log("up"); process.stdin.resume()']);
    t.after(() => child.kill());
    await once(child.stdout, 'data');
    base.terminate(client.sid);
    await client.ended(); // or it would stay open as long as the child
    assert.equal(child.exitCode, null);
    child.kill();
  }),
);
