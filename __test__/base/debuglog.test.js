'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { limit } = require('../support/server');

/** What a process says on standard error, and by which transport its first connection went. */
async function traceOf(t, env) {
  const child = run(t, 'traced.js', [], { env: { NODE_DEBUG: '', DEBUG: '', ...env } });
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
  return { text: child.stderr, transport: child.lines[0][0] };
}

/** What there is to be told, whoever asked for it. */
const linesOf = (transport) => [
  /^WEBSOCKETS \d+: extensions: "permessage-deflate; client_max_window_bits" was offered, "permessage-deflate" is accepted$/,
  new RegExp(
    `^WEBSOCKETS \\d+: \\S{16} open, ${transport} transport, from 127\\.0\\.0\\.1, extensions permessage-deflate$`,
  ),
  /^WEBSOCKETS \d+: \S{16} close, 4001 "a\\nb"$/,
  /^WEBSOCKETS \d+: refused GET "\/no" with 403: The request is refused$/,
  /^WEBSOCKETS \d+: a handshake has failed, ERR_WS_UNEXPECTED_RESPONSE: "The server has answered with status 403"$/,
  /^WEBSOCKETS \d+: the origin "https:\/\/evil\.example" is not allowed by https:\/\/app\.example, \/\^https:\\\/\\\/dev\\\.\/$/,
  /^WEBSOCKETS \d+: refused GET "\/" with 403: The origin is not allowed$/,
  /^WEBSOCKETS \d+: a handshake has failed, ERR_WS_UNEXPECTED_RESPONSE: "The server has answered with status 403"$/,
  /^WEBSOCKETS \d+: a socket goes by the stream transport: it is no net\.Socket with a handle$/,
  /^WEBSOCKETS \d+: \S{16} open, stream transport, from a stream$/,
  /^WEBSOCKETS \d+: \S{16} error, WS_ERR_UNEXPECTED_RSV_2_3: ".*"$/,
];

for (const env of [
  { NODE_DEBUG: 'http2,websockets' },
  { NODE_DEBUG: 'WebSockets' },
  { DEBUG: 'express:*, websockets' },
  { DEBUG: '*' },
]) {
  test(`${Object.entries(env)} traces`, limit, async (t) => {
    const { text, transport } = await traceOf(t, env);
    const lines = text.split('\n');
    for (const expected of linesOf(transport))
      assert.ok(
        lines.some((line) => expected.test(line)),
        `${expected} in\n${text}`,
      );
    assert.equal(text.includes('secret'), false);
  });
}

test('nothing is traced unless it is asked for', limit, async (t) => {
  assert.equal((await traceOf(t, {})).text, '');
  assert.equal((await traceOf(t, { NODE_DEBUG: 'http2', DEBUG: 'express:*' })).text, '');
});
