'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { test } = require('node:test');
const { WebSocket } = require('ws');
const { command, echo, serve } = require('./command');
const { selfSigned } = require('../support/certificate');

const limit = { timeout: 240_000 };

test('what is piped in is sent, and its echo shown', limit, async (t) => {
  const server = await echo(t);
  const run = command(t, ['connect', server.url]);
  run.process.stdin.end('hello\n//slash\ngrüße 😀\n');
  const { code, stdout, stderr } = await run.end();
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'hello\n/slash\ngrüße 😀\n' });
  assert.match(stderr, /^connected\npong after \d+\.\d ms\nclosed, 1000\n$/);
  await server.run.says('#1 closed, 1000\n');
  assert.match(
    server.run.stdout,
    /^listening on ws:\/\/localhost:\d+ .*\n#1 open, \S+ asks for \/\n#1 hello\n#1 \/slash\n#1 grüße 😀\n#1 ping 1\n#1 closed, 1000\n$/,
  );
});

test('the echo server sends back text and binary, and ends with 1001 at Ctrl-C', limit, async (t) => {
  const server = await echo(t, '--protocol', 'chat', '--deflate');
  const client = new WebSocket(server.url, ['chat']);
  await once(client, 'open');
  assert.equal(client.protocol, 'chat');
  assert.match(client.extensions, /permessage-deflate/);
  for (const sent of ['text', Buffer.alloc(100, 7)]) {
    client.send(sent);
    const [data, isBinary] = await once(client, 'message');
    assert.deepEqual(isBinary ? data : String(data), sent);
  }
  await server.run.says('#1 100 bytes: 07 07');
  server.run.process.kill('SIGINT');
  assert.equal((await once(client, 'close'))[0], 1001);
  assert.deepEqual(await server.run.closed, { code: 0, signal: null });
});

test('the echo server lets in the origins that it is told of', limit, async (t) => {
  const { url } = await echo(t, '--origin', 'https://app.example');
  const refused = command(t, ['connect', url, '--origin', 'https://other.example']);
  const { code, stdout, stderr } = await refused.end();
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
  assert.match(stderr, /^websockets: no connection: .*403.* \[ERR_WS_UNEXPECTED_RESPONSE\]\n$/);
  const accepted = command(t, ['connect', url, '--origin', 'https://app.example']);
  accepted.process.stdin.end();
  assert.equal((await accepted.end()).code, 0);
});

test('over TLS', limit, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-cli-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const files = Object.fromEntries(
    Object.entries(selfSigned()).map(([name, text]) => {
      fs.writeFileSync(path.join(folder, name), text);
      return [name, path.join(folder, name)];
    }),
  );
  const { url } = await echo(t, '--cert', files.cert, '--key', files.key);
  assert.match(url, /^wss:/);
  for (const [args, expected] of [
    [[], 1],
    [['--insecure'], 0],
    [['--ca', files.cert], 0],
  ]) {
    const run = command(t, ['connect', url, ...args]);
    run.process.stdin.end('secret\n');
    const { code, stdout, stderr } = await run.end();
    assert.equal(code, expected, stderr);
    if (code === 0) assert.equal(stdout, 'secret\n');
    else assert.match(stderr, /--ca FILE trusts it, --insecure trusts any \[DEPTH_ZERO_SELF_SIGNED_CERT\]\n$/);
  }
});

test('headers, a subprotocol and an origin are sent', limit, async (t) => {
  let req;
  const url = await serve(
    t,
    (_socket, request) => {
      req = request;
    },
    { handleProtocols: () => 'b' },
  );
  const run = command(t, [
    'connect',
    url,
    '--header',
    'X-One: 1',
    '--header',
    'Authorization: Bearer a:b',
    '--protocol',
    'a',
    '--protocol',
    'b',
    '--origin',
    'https://x.example',
  ]);
  await run.says('connected, b\n', 'stderr');
  assert.equal(req.headers['x-one'], '1');
  assert.equal(req.headers.authorization, 'Bearer a:b');
  assert.equal(req.headers['sec-websocket-protocol'].replace(/ /g, ''), 'a,b');
  assert.equal(req.headers.origin, 'https://x.example');
});

test('/ping tells a time, /close closes with a code, and a wrong command is told', limit, async (t) => {
  const url = await serve(t, () => {});
  const run = command(t, ['connect', url]);
  await run.says('connected\n', 'stderr');
  run.type('/ping\n');
  await run.says(/pong after \d+\.\d ms\n/, 'stderr');
  run.type('/nothing\n/close 1005\n/close 4001 that is it\n');
  const { code, stderr } = await run.end();
  assert.match(
    stderr,
    /\nthere is no \/nothing, only \/ping and \/close; .*\nThe "code" argument must be .* 1005\nclosed, 4001( that is it)?\n$/,
  );
  assert.equal(code, 1);
});

test('--ping pings again and again, --wait stays after the end of the input', limit, async (t) => {
  const url = await serve(t, (socket) => socket.on('message', () => setTimeout(() => socket.send('late'), 300)));
  const run = command(t, ['connect', url, '--ping', '0.1', '--wait', '60']);
  run.process.stdin.end('hello\n');
  await run.says('late\n');
  await run.says(/(pong after[\s\S]*){4}/, 'stderr');
  run.process.kill('SIGINT');
  const { code, stderr } = await run.end();
  assert.match(stderr, /closed, 1000\n$/);
  assert.equal(code, 0);
});

test('Ctrl-C closes, and ends a handshake that nobody answers', limit, async (t) => {
  const url = await serve(t, () => {});
  const open = command(t, ['connect', url]);
  await open.says('connected\n', 'stderr');
  open.process.kill('SIGINT');
  assert.deepEqual(await open.end(), { code: 0, signal: null, stdout: '', stderr: 'connected\nclosed, 1000\n' });

  const silent = net.createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const waiting = command(t, ['connect', `ws://127.0.0.1:${silent.address().port}`]);
  const [socket] = await once(silent, 'connection');
  await once(socket, 'data');
  waiting.process.kill('SIGINT');
  assert.deepEqual(await waiting.end(), { code: 0, signal: null, stdout: '', stderr: '' });
  silent.close();
});

test('the second Ctrl-C waits for nobody', limit, async (t) => {
  const url = await serve(t, (socket) => socket.pause());
  const run = command(t, ['connect', url]);
  await run.says('connected\n', 'stderr');
  run.process.kill('SIGINT');
  const again = setInterval(() => run.process.kill('SIGINT'), 100);
  assert.deepEqual(await run.closed, { code: 130, signal: null });
  clearInterval(again);
});

test('a connection that is lost ends with 1', limit, async (t) => {
  const url = await serve(t, (socket) => socket.terminate());
  const { code, stderr } = await command(t, ['connect', url]).end();
  assert.deepEqual({ code, stderr }, { code: 1, stderr: 'connected\nclosed, the connection was lost\n' });
});

test('what goes wrong is said in a line', limit, async (t) => {
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  const taken = command(t, ['echo', '--host', '127.0.0.1', '--port', String(port)]);
  assert.deepEqual(await taken.end(), {
    code: 1,
    signal: null,
    stdout: '',
    stderr: `websockets: cannot listen on 127.0.0.1:${port}: something else listens there already (127.0.0.1:${port}) [EADDRINUSE]\n`,
  });
  free.close();
  await once(free, 'close');
  assert.deepEqual(await command(t, ['connect', `127.0.0.1:${port}`]).end(), {
    code: 1,
    signal: null,
    stdout: '',
    stderr: `websockets: no connection: nobody listens there (127.0.0.1:${port}) [ECONNREFUSED]\n`,
  });
  const missing = await command(t, ['echo', '--cert', '/no/such', '--key', '/no/such']).end();
  assert.match(missing.stderr, /^websockets: no such file.*\/no\/such.* \[ENOENT\]\n$/);
});

test('a wrong command line is said in a line, too, and ends with 2', limit, async (t) => {
  const cases = [
    [['nothing'], 'there is no command nothing, only echo, connect, top'],
    [['echo', '--nothing'], "Unknown option '--nothing'"],
    [['echo', 'more'], 'echo has no argument more'],
    [['echo', '--port', '65536'], '--port must be an integer from 0 to 65535, not 65536'],
    [['echo', '--cert', 'x'], '--cert and --key need each other'],
    [['connect'], 'connect needs a URL: websockets connect ws://localhost:3000'],
    [['connect', 'a', 'b'], 'connect takes one URL, not b as well'],
    [['connect', 'a', '--header', 'none'], "--header must be 'NAME: VALUE', not none"],
    [['connect', 'a', '--cert', 'x'], '--cert and --key need each other'],
    [['connect', 'a', '--passphrase', 'x'], '--passphrase needs --key'],
    [['connect', 'a', '--proxy', 'socks5://b'], '--proxy must be an http: or https: URL, not socks5://b'],
    [['connect', 'a', '--proxy', 'b:x'], '--proxy must be an http: or https: URL, not b:x'],
    [['connect', 'a', '--ping', '0'], '--ping must be a number from 0.1 to 86400, not 0'],
    [['top', 'a', 'b'], 'top takes one URL, not b as well'],
    [['top', '--wait', '0'], '--wait must be a number from 1 to 86400, not 0'],
    [
      ['connect', 'ftp://a'],
      'The "url" argument must be a ws:, wss: or ws+unix: URL without a fragment. Received \'ftp://a\'',
    ],
  ];
  for (const [args, message] of cases) {
    assert.deepEqual(await command(t, args).end(), {
      code: 2,
      signal: null,
      stdout: '',
      stderr: `websockets: ${message}\nwebsockets --help says more\n`,
    });
  }
});

test('--help and --version', limit, async (t) => {
  const { version } = require('../../package.json');
  assert.deepEqual(await command(t, ['--version']).end(), {
    code: 0,
    signal: null,
    stdout: `${version}\n`,
    stderr: '',
  });
  for (const [args, pattern] of [
    [[], /echo[\s\S]*connect/],
    [['--help'], /echo[\s\S]*connect/],
    [['echo', '-h'], /-p, --port PORT/],
    [['connect', '--help'], /\/close \[CODE/],
    [['top', '--help'], /websockets\/monitor[\s\S]*q or Ctrl-C/],
  ]) {
    const { code, stdout } = await command(t, args).end();
    assert.equal(code, 0);
    assert.match(stdout, pattern);
  }
});

test('a reader that goes away ends it quietly', limit, async (t) => {
  const url = await serve(t, (socket) => {
    const more = setInterval(() => socket.send('more'), 1);
    socket.on('close', () => clearInterval(more));
  });
  const run = command(t, ['connect', url]);
  await run.says('more\n');
  run.process.stdout.destroy();
  await once(run.process, 'exit');
  assert.equal(run.stderr, 'connected\n');
});

test('an input that is faster than the server waits for it', limit, async (t) => {
  let received = 0;
  const url = await serve(t, (socket) => {
    socket.pause();
    setTimeout(() => socket.resume(), 500);
    socket.on('message', (data) => (received += data.length));
  });
  const run = command(t, ['connect', url]);
  const line = `${'x'.repeat(99_999)}\n`;
  for (let i = 0; i < 1000; i += 1) {
    if (!run.process.stdin.write(line)) await once(run.process.stdin, 'drain');
  }
  run.process.stdin.end();
  const { code } = await run.end();
  assert.deepEqual({ code, received }, { code: 0, received: 1000 * 99_999 });
});

test('a server that is faster than whoever reads waits for it, and nothing is left out', limit, async (t) => {
  const COUNT = 40_000;
  let sent;
  const connected = new Promise((resolve) => (sent = resolve));
  const url = await serve(t, (socket) => {
    for (let i = 0; i < COUNT; i += 1) socket.send(`${i} ${'x'.repeat(500)}`);
    socket.close(1000);
    sent();
  });
  const run = command(t, ['connect', url]);
  run.process.stdout.pause();
  await connected;
  setTimeout(() => run.process.stdout.resume(), 1000); // long enough for much to pile up
  const { code, stdout, stderr } = await run.end();
  assert.deepEqual({ code, stderr }, { code: 0, stderr: 'connected\nclosed, 1000\n' });
  assert.deepEqual(
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => parseInt(line, 10)),
    Array.from({ length: COUNT }, (_, i) => i),
  );
});
