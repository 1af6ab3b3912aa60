'use strict';

// `websockets top`: what a monitor sends, on a terminal, in lines and as JSON.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const { Server } = require('../..');
const { monitor } = require('websockets/monitor');
const { WebSocket } = require('ws');
const { command, serve } = require('./command');
const { screen } = require('./screen');

const limit = { timeout: 240_000 };
// The command of util-linux, which has these options; that of other systems is another one.
const noTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux')
  ? false
  : 'no util-linux here';
const onTerminal = { ...limit, skip: noTerminal };

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const HARMFUL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CUT_FRAME = /\u001b\[H(?:(?!\u001b\[H)[\s\S])*… \d+ lines more[^\n]*\u001b\[J/;

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';

/** A Server with a connection, and a monitor of it. */
async function watched(t, options, port = 0) {
  const chat = new Server();
  const viewers = new Server(options);
  const watch = monitor(viewers, { chat }, { interval: 100 });
  await Promise.all([
    new Promise((resolve) => chat.listen(0, '127.0.0.1', resolve)),
    new Promise((resolve) => viewers.listen(port, '127.0.0.1', resolve)),
  ]);
  const stop = () => {
    watch.close();
    for (const server of [chat, viewers]) server.terminate(null).close();
  };
  t.after(stop);
  const client = new WebSocket(`ws://127.0.0.1:${chat.address().port}`);
  t.after(() => client.terminate());
  await once(client, 'open');
  return { chat, client, viewers, stop, url: `ws://127.0.0.1:${viewers.address().port}/` };
}

/** A sample as it should be, but for what a test puts into it. */
const sampleOf = (base = {}, process = {}) => ({
  version: 1,
  time: 0,
  seconds: 1,
  process: {
    pid: 1,
    version: 'v1',
    uptime: 100_000,
    cpu: 0.5,
    memory: 1024,
    heapUsed: 1,
    loopUtilization: 0,
    loopDelay: 0,
    ...process,
  },
  bases: [{ name: 'b', stats: {}, rates: {}, closes: {}, errors: {}, recentErrors: [], topics: [], slow: [], ...base }],
});

test('--once shows all there is, and ends', limit, async (t) => {
  const { chat, client, url } = await watched(t);
  chat.on('message', (_text, sid) => chat.subscribe(sid, 'news'));
  client.send('hello');
  await once(chat, 'message');
  const { code, stdout, stderr } = await command(t, ['top', url, '--once']).end();
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, new RegExp(`^process ${process.pid} +${process.version} +up .* CPU \\d+ %`));
  assert.match(stdout, /\nchat +1 connection +opened/);
  assert.match(stdout, /\n {2}topics +1 with 1 subscriptions/);
  assert.match(stdout, /\n {2}largest +1 +news\n/);
  assert.doesNotMatch(stdout, HARMFUL);
});

test('in a pipe it is a line for each sample, until Ctrl-C', limit, async (t) => {
  const { url } = await watched(t);
  const run = command(t, ['top', url]);
  await run.says(/(.*chat: 1 connection, received .*\n){2}/);
  run.process.kill('SIGINT');
  assert.deepEqual(await run.closed, { code: 0, signal: null });
  assert.equal(run.stderr, '');
});

test('--json prints each sample as one line', limit, async (t) => {
  const { url } = await watched(t);
  const { code, stdout } = await command(t, ['top', url, '--json', '--once']).end();
  assert.equal(code, 0);
  const [line, ...rest] = stdout.split('\n');
  assert.deepEqual(rest, ['']);
  const sample = JSON.parse(line);
  assert.equal(sample.bases[0].stats.connections, 1);
  assert.equal(sample.process.pid, process.pid);
});

test('at a terminal it fills the screen, follows its size, and leaves it as it was', onTerminal, async (t) => {
  const { chat, client, url } = await watched(t);
  const run = command(t, ['top', url], { terminal: { columns: 100, rows: 30 } });
  await run.says(ENTER);
  await run.says(/chat[\s\S]*1 connection/);
  client.close();
  await once(chat, 'close');
  await run.says(/0 connections/);
  assert.ok(run.stdout.includes('\u001b[1mwebsockets top\u001b[22m'));
  const shown = screen(run.stdout.slice(0, run.stdout.lastIndexOf('\u001b[H')));
  assert.match(shown[0], /^websockets top {3}ws:.* live/);
  assert.match(shown[1], /^process \d+/);
  assert.ok(shown.length <= 30);

  const [device] = run.stdout.match(/\/dev\/\S+/);
  assert.equal(spawnSync('stty', ['-F', device, 'cols', '40', 'rows', '4']).status, 0);
  const [frame] = await run.says(CUT_FRAME);
  const small = screen(frame);
  assert.equal(small.length, 4);
  assert.match(small[3], /^… \d+ lines more/);

  // Ctrl-Z. There is no shell here that would be told, so it goes on at once.
  const { length } = run.stdout;
  run.type('\u001a');
  while (!run.stdout.slice(length).includes(`${LEAVE}${ENTER}`)) await once(run.process.stdout, 'data');

  run.type('q');
  const { code, stdout } = await run.end();
  assert.equal(code, 0);
  assert.ok(stdout.trimEnd().endsWith(LEAVE), JSON.stringify(stdout.slice(-100)));
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`${signal} leaves the terminal as it was`, onTerminal, async (t) => {
    const { url, viewers } = await watched(t);
    const opened = once(viewers, 'open');
    const run = command(t, ['top', url], { terminal: true });
    await opened;
    const [line] = (await run.says(/process \d+/))[0].matchAll(/\d+/g);
    assert.equal(Number(line[0]), process.pid);
    // `script` hands no signals on: the process is the one on that terminal.
    const pid = spawnSync('pgrep', ['-P', String(run.process.pid)], { encoding: 'utf8' }).stdout.trim();
    process.kill(Number(pid), signal);
    const { stdout } = await run.end();
    assert.ok(stdout.trimEnd().endsWith(LEAVE), JSON.stringify(stdout.slice(-100)));
  });
}

test('colours are for terminals, unless NO_COLOR says no', onTerminal, async (t) => {
  const { url } = await watched(t);
  const run = command(t, ['top', url, '--once'], { terminal: true });
  assert.ok((await run.end()).stdout.includes('\u001b[1mchat'));
  const plain = command(t, ['top', url, '--once'], { terminal: true, env: { NO_COLOR: '1' } });
  const { stdout } = await plain.end();
  assert.ok(stdout.includes('chat') && !stdout.includes('\u001b'), stdout);
});

test('nothing that a server says commands the terminal', limit, async (t) => {
  const evil = '\u001b[2J\u009b2J\u202e\r\n\u0007';
  const one = { sid: evil, address: evil };
  const sample = sampleOf(
    {
      name: evil,
      closes: { [evil]: 1 },
      errors: { [evil]: 1 },
      stats: { topics: 1, [evil]: 1 },
      recentErrors: [{ ...one, time: 0, code: evil, message: evil }],
      topics: [{ name: evil, subscribers: 1 }],
      slow: [{ ...one, transport: evil, queuedBytes: 1 }],
    },
    { version: evil },
  );
  const url = await serve(t, (socket) => socket.send(JSON.stringify(sample)));
  for (const args of [['--once'], ['--once', '--json'], []]) {
    const run = command(t, ['top', url, ...args]);
    if (args.length === 0) {
      await run.says('connections');
      run.process.kill('SIGINT');
    }
    const { stdout, stderr } = await run.end();
    assert.ok(stdout.includes('\\u001b[2J'), stdout);
    assert.doesNotMatch(stdout.replaceAll('\n', '') + stderr, HARMFUL);
    if (args.includes('--json')) assert.deepEqual(JSON.parse(stdout), sample);
  }
  const none = await serve(t, (socket) => socket.send(JSON.stringify({ ...sample, version: evil })));
  const { stderr } = await command(t, ['top', none]).end();
  assert.match(stderr, /^websockets: that is no monitor: its version is .*\\u009b2J/);
  assert.doesNotMatch(stderr, HARMFUL);
});

test('neither credentials nor the search of the URL are shown', onTerminal, async (t) => {
  const silent = await serve(t, () => {});
  const secret = `${silent.replace('//', '//user:secret@')}/monitor?token=secret`;
  for (const terminal of [false, true]) {
    const { stdout, stderr } = await command(t, ['top', secret, '--wait', '1'], { terminal }).end();
    assert.ok((stdout + stderr).includes(`a monitor at ${silent}/monitor?`), stdout + stderr);
    assert.ok(!terminal || stdout.includes(`websockets top\u001b[22m   ${silent}/monitor   `), stdout);
    assert.ok(!(stdout + stderr).includes('secret'), stdout + stderr);
  }
});

test('a terminal that was left stays left when the process goes on after a stop', onTerminal, async (t) => {
  let peer;
  const url = await serve(t, (socket) => {
    peer = socket;
    socket.send(JSON.stringify(sampleOf()));
    socket.pause(); // it does not answer the close frame: the process waits for that
  });
  const run = command(t, ['top', url], { terminal: true });
  await run.says('connections');
  const pid = Number(spawnSync('pgrep', ['-P', String(run.process.pid)], { encoding: 'utf8' }).stdout);
  run.type('q');
  await run.says(LEAVE);
  process.kill(pid, 'SIGCONT');
  peer.resume();
  await assert.rejects(run.says(`${LEAVE}${ENTER}`), /it ended/);
});

test('what is no monitor is said to be none', limit, async (t) => {
  const { loopDelay, ...incomplete } = sampleOf().process;
  assert.equal(loopDelay, 0);
  for (const [data, expected] of [
    ['hello', 'it is no JSON'],
    ['null', 'an object is missing in it'],
    [JSON.stringify({ ...sampleOf(), version: 2 }), 'its version is 2, and this command knows 1'],
    [JSON.stringify({ ...sampleOf(), process: incomplete }), 'a number is missing in it'],
    [JSON.stringify(sampleOf({ name: 1 })), 'a text is missing in it'],
    [JSON.stringify(sampleOf({ slow: {} })), 'a list is missing in it'],
    [Buffer.from('x'), 'it sends binary messages'],
  ]) {
    const url = await serve(t, (socket) => socket.send(data));
    const { code, stdout, stderr } = await command(t, ['top', url]).end();
    assert.deepEqual([code, stdout, stderr], [1, '', `websockets: that is no monitor: ${expected}\n`]);
  }
});

test('a server that says nothing, closes, refuses, or is not there ends it with 1', limit, async (t) => {
  const silent = await serve(t, () => {});
  const closing = await serve(t, (socket) => socket.close(4000, 'no'));
  const { url: guarded } = await watched(t, {
    shouldAccept: ({ headers }) => headers.authorization === 'Bearer x' || 401,
  });
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  await once(free, 'close');
  for (const [args, expected] of [
    [[silent, '--wait', '1'], /^websockets: no sample came within 1 s: does the server have a monitor at ws:/],
    [[closing], /^websockets: closed before a sample came: 4000 no\n$/],
    [[guarded], /^websockets: no connection: .*401.*\n$/],
    [[`ws://127.0.0.1:${port}`], /^websockets: no connection: nobody listens there/],
  ]) {
    const { code, stdout, stderr } = await command(t, ['top', ...args]).end();
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, expected);
  }
  const allowed = command(t, ['top', guarded, '--once', '-H', 'Authorization: Bearer x']);
  assert.equal((await allowed.end()).code, 0);
});

test('it goes on when the server is back', limit, async (t) => {
  const { stop, url } = await watched(t);
  const run = command(t, ['top', url]);
  await run.says('chat: 1 connection');
  stop();
  await run.says('lost: 1006\n', 'stderr');
  const { length } = run.stdout;
  await watched(t, {}, Number(new URL(url).port));
  while (!run.stdout.slice(length).includes('chat: 1 connection')) await once(run.process.stdout, 'data');
  run.process.kill('SIGINT');
  assert.equal((await run.end()).code, 0);
});
