'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { command, echo, serve } = require('./command');
const { screen } = require('./screen');

const limit = { timeout: 240_000 };
// The command of util-linux, which has these options; that of other systems is another one.
const noTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux')
  ? false
  : 'no util-linux here';

/** Times, ports and addresses are those of a run. */
const plain = (text) =>
  text
    .replace(/\d+\.\d ms/g, 'N ms')
    .replace(/localhost:\d+/g, 'localhost:3000')
    .replace(/(open, )\S+/, '$1127.0.0.1');

/** What somebody types, and what the terminal shows by then. */
async function session(t, url) {
  const run = command(t, ['connect', url], { terminal: true });
  await run.says(/pong after/);
  run.type('hello\r');
  await run.says(/< hello/);
  run.type('/ping\r');
  await run.says(/pong after[\s\S]*pong after/);
  run.type('/close 1000 bye\r');
  const { code, stdout } = await run.end();
  assert.equal(code, 0);
  return stdout;
}

test('the session in the guide is one that takes place', { ...limit, skip: noTerminal }, async (t) => {
  const server = await echo(t);
  const shown = screen(await session(t, server.url))
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
  await server.run.says('closed, 1000');
  server.run.process.kill('SIGINT');
  await server.run.closed;

  const text = [
    '$ npx websockets connect ws://localhost:3000',
    shown,
    '```',
    '',
    'while the server says:',
    '',
    '```console',
    '$ npx websockets echo --port 3000',
    server.run.stdout,
  ]
    .join('\n')
    .trim();
  const guide = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'guide', 'command.md'), 'utf8');
  assert.ok(plain(guide).includes(plain(text)), text);
});

test('colours are for terminals that have them', { ...limit, skip: noTerminal }, async (t) => {
  const { url } = await echo(t);
  const coloured = await session(t, url);
  assert.ok(coloured.includes('\u001b[36m< hello\u001b[39m'), coloured);
  const piped = command(t, ['connect', url]);
  piped.process.stdin.end('hello\n');
  const { stdout, stderr } = await piped.end();
  assert.ok(!(stdout + stderr).includes('\u001b'), stdout + stderr);
});

test('at a terminal Ctrl-D closes, and so does Ctrl-C', { ...limit, skip: noTerminal }, async (t) => {
  const { url } = await echo(t);
  for (const key of ['\u0004', '\u0003']) {
    const run = command(t, ['connect', url], { terminal: true });
    await run.says(/pong after/);
    run.type(key);
    const { code, stdout } = await run.end();
    assert.equal(code, 0, stdout);
    assert.match(stdout, /closed, 1000/);
  }
});

test('every kind of frame is shown, and nothing that a server says commands the terminal', {
  ...limit,
  skip: noTerminal,
}, async (t) => {
  const url = await serve(t, (socket) => {
    socket.send('\u001b[2Jcleared\u0007\r\nnext\u009b31m\u202e');
    socket.send('\u061c\u200e\u200f');
    socket.send('x'.repeat(5000));
    socket.send(Buffer.from([0, 255]));
    socket.send(Buffer.alloc(0));
    socket.ping('are you there\u001b');
    socket.pong('unasked');
    socket.close(4000, 'bye\u001b[0m');
  });
  const { code, stdout } = await command(t, ['connect', url], { terminal: true }).end();
  const lines = screen(stdout).map((line) => line.trimEnd());
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    [
      'connected',
      '< \\u001b[2Jcleared\\u0007\\r\\nnext\\u009b31m\\u202e',
      '< \\u061c\\u200e\\u200f',
      `< ${'x'.repeat(2000)}… (3000 characters more)`,
      '< binary, 2 bytes: 00 ff',
      '< binary, 0 bytes',
      '< ping are you there\\u001b',
      '< pong unasked',
      'closed, 4000 bye\\u001b[0m',
    ],
  );
  assert.equal(code, 1);
});

test('--json lays out what is JSON, and escapes it line by line', { ...limit, skip: noTerminal }, async (t) => {
  const url = await serve(t, (socket) => {
    socket.send('{"a":[1,"\u202e"],"none":{}}');
    socket.send('{no\njson}');
    socket.close(1000);
  });
  const { code, stdout } = await command(t, ['connect', '--json', url], { terminal: true }).end();
  const lines = screen(stdout).map((line) => line.trimEnd());
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    [
      'connected',
      '< {',
      '    "a": [',
      '      1,',
      '      "\\u202e"',
      '    ],',
      '    "none": {}',
      '  }',
      '< {no\\njson}',
      'closed, 1000',
    ],
  );
  assert.equal(code, 0);
});
