'use strict';

// The command in a pipe: what stands on which stream, what a line is, and what ends it.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { WebSocketServer } = require('ws');
const { command, echo, serve } = require('./command');
const { selfSigned } = require('../support/certificate');

const limit = { timeout: 240_000 };

/** A server of `ws` that keeps what it gets, and what it has got. */
async function keep(t) {
  const messages = [];
  const url = await serve(t, (socket) => {
    socket.on('message', (data, isBinary) => messages.push(isBinary ? data : String(data)));
  });
  return { url, messages };
}

test('stdout has the messages alone, whole and as they are', limit, async (t) => {
  const long = 'x'.repeat(5000);
  const url = await serve(t, (socket) => {
    socket.send('\u001b[2J\u202e\u2028');
    socket.ping('are you there');
    socket.send(long);
    socket.pong('unasked');
    socket.send(Buffer.from('bytes'));
    socket.close(4000, 'bye\u001b');
  });
  const { code, stdout, stderr } = await command(t, ['connect', url]).end();
  assert.equal(stdout, `\u001b[2J\u202e\u2028\n${long}\nbytes\n`);
  assert.equal(stderr, 'connected\n< ping are you there\n< pong unasked\nclosed, 4000 bye\\u001b\n');
  assert.equal(code, 1);
});

test('a line ends at a line feed, and at nothing else', limit, async (t) => {
  const { url, messages } = await keep(t);
  const run = command(t, ['connect', url]);
  const { stdin } = run.process;
  stdin.write('a\u2028b\rc\u2029d\u0085e\nsplit ');
  await run.says('connected', 'stderr');
  stdin.end('over two\n\nof Windows\r\nlast, without an end');
  assert.equal((await run.end()).code, 0);
  assert.deepEqual(messages, ['a\u2028b\rc\u2029d\u0085e', 'split over two', '', 'of Windows', 'last, without an end']);
});

test('--binary: bytes both ways, with nothing between them', limit, async (t) => {
  const { url } = await echo(t);
  const run = command(t, ['connect', '--binary', url]);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  run.process.stdout.setEncoding('latin1');
  run.process.stdin.end(Buffer.concat([bytes, bytes]));
  const { code, stdout } = await run.end();
  assert.deepEqual(Buffer.from(stdout, 'latin1'), Buffer.concat([bytes, bytes]));
  assert.equal(code, 0);
});

test('--json lays out JSON, and changes no number and no string of it', limit, async (t) => {
  const texts = [
    '{"id":12345678901234567890,"a":[ ],"b":[1.50, "\\\\\\"[,"],"a":{"c" : null}}',
    '"lone"',
    'no JSON',
    '['.repeat(51) + ']'.repeat(51),
    `[${'1,'.repeat(600_000)}1]`,
  ];
  const url = await serve(t, (socket) => {
    for (const text of texts) socket.send(text);
    socket.close(1000);
  });
  const { stdout } = await command(t, ['connect', '--json', url]).end();
  const laidOut = `{
  "id": 12345678901234567890,
  "a": [],
  "b": [
    1.50,
    "\\\\\\"[,"
  ],
  "a": {
    "c": null
  }
}`;
  assert.equal(stdout, [laidOut, ...texts.slice(1), ''].join('\n'));
});

test('--execute sends in the place of the input, and its replies are waited for', limit, async (t) => {
  const { url } = await echo(t);
  // The input is open, and stays so. Our server's pong may come before a reply: the command waits for that as well.
  const run = command(t, ['connect', url, '-x', 'first', '--execute', '/no command']);
  const { code, stdout } = await run.end();
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'first\n/no command\n' });
});

test('--wait: what comes so long after the last pong is taken', limit, async (t) => {
  let answer;
  const url = await serve(t, (socket) => {
    socket.on('ping', () => socket.send('after the pong'));
    answer = socket;
  });
  const run = command(t, ['connect', url, '-x', 'hi', '-w', '60']);
  await run.says('after the pong\n');
  answer.close(1000);
  assert.equal((await run.end()).code, 0);
});

test('an input that cannot be read is told, and ends with 1', limit, async (t) => {
  const url = await serve(t, () => {});
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-cli-'));
  const input = fs.openSync(path.join(folder, 'for writing'), 'w');
  t.after(() => {
    fs.closeSync(input);
    fs.rmSync(folder, { recursive: true });
  });
  const { code, stderr } = await command(t, ['connect', url, '--wait', '0'], { input }).end();
  assert.match(stderr, /websockets: the input cannot be read: .*EBADF/);
  assert.equal(code, 1);
});

test('--reconnect opens a lost connection again, and goes on with the input', limit, async (t) => {
  const messages = [];
  let connections = 0;
  const url = await serve(t, (socket) => {
    connections += 1;
    socket.on('message', (data) => {
      messages.push(String(data));
      if (connections === 1) socket.terminate();
      else socket.send(`got ${data}`);
    });
  });
  const run = command(t, ['connect', url, '--reconnect', '--wait', '0']);
  run.type('first\n');
  await run.says(/closed, the connection was lost\nnext try in \d+\.\d s\n/, 'stderr');
  run.process.stdin.end('second\n');
  const { code, stdout, stderr } = await run.end();
  assert.deepEqual({ code, stdout, messages }, { code: 0, stdout: 'got second\n', messages: ['first', 'second'] });
  assert.match(stderr, /^connected\nclosed, the .*\nnext try in .* s\nconnected\npong after .* ms\nclosed, 1000\n$/);
});

test('--reconnect tries again when nobody listens yet, and Ctrl-C ends it between two tries', limit, async (t) => {
  const { port } = await new Promise((resolve) => {
    const server = http.createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address));
    });
  });
  const run = command(t, ['connect', `127.0.0.1:${port}`, '-r', '-x', 'hello', '-w', '0']);
  await run.says(/no connection: nobody listens there .*\nnext try in \d+\.\d s\n/, 'stderr');
  const server = new WebSocketServer({ port, host: '127.0.0.1' });
  t.after(() => server.close());
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(`got ${data}`)));
  assert.deepEqual((({ code, stdout }) => ({ code, stdout }))(await run.end()), { code: 0, stdout: 'got hello\n' });

  server.close();
  const interrupted = command(t, ['connect', `127.0.0.1:${port}`, '-r']);
  await interrupted.says('next try in ', 'stderr');
  interrupted.process.kill('SIGINT');
  assert.equal((await interrupted.end()).code, 1);
});

test('--reconnect ends when a status or a close code is final, and does not promise another try', limit, async (t) => {
  const refusing = http.createServer((_req, res) => res.writeHead(403).end());
  await once(refusing.listen(0, '127.0.0.1'), 'listening');
  t.after(() => refusing.close());
  const { port } = refusing.address();
  const refused = await command(t, ['connect', `127.0.0.1:${port}`, '--reconnect']).end();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^websockets: no connection: .*403.*\ngiven up: .*\n$/);
  for (const [closing, expected] of [
    [1000, 0],
    [4001, 1],
  ]) {
    const url = await serve(t, (socket) => socket.close(closing));
    const { code, stderr } = await command(t, ['connect', url, '--reconnect']).end();
    assert.equal(code, expected);
    assert.match(stderr, new RegExp(`^connected\nclosed, ${closing}\ngiven up: .*\n$`));
  }
});

test('--follow-redirects goes where the server says', limit, async (t) => {
  const { url, messages } = await keep(t);
  const elsewhere = http.createServer();
  elsewhere.on('upgrade', (_req, socket) => {
    socket.end(`HTTP/1.1 302 Found\r\nLocation: ${url}\r\nContent-Length: 0\r\n\r\n`);
  });
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  t.after(() => elsewhere.close());
  const from = `ws://127.0.0.1:${elsewhere.address().port}`;

  const refused = await command(t, ['connect', from, '-x', 'hi']).end();
  assert.match(refused.stderr, /^websockets: no connection: .*302/);
  assert.equal(refused.code, 1);
  const followed = await command(t, ['connect', from, '-L', '-x', 'hi', '-w', '0']).end();
  assert.deepEqual({ code: followed.code, messages }, { code: 0, messages: ['hi'] });
});

test('--cert and --key: a certificate of the client, whose key may be encrypted', limit, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-cli-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = (name, text) => {
    fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const server = selfSigned();
  const client = selfSigned();
  const httpsServer = https.createServer({ ...server, ca: client.cert, requestCert: true, rejectUnauthorized: true });
  new WebSocketServer({ server: httpsServer }).on('connection', (socket, req) => {
    socket.send(req.socket.getPeerCertificate().subject.CN);
    socket.close(1000);
  });
  httpsServer.listen(0, '127.0.0.1');
  await once(httpsServer, 'listening');
  t.after(() => httpsServer.close());

  const encrypted = require('node:crypto')
    .createPrivateKey(client.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' });
  const url = `wss://localhost:${httpsServer.address().port}`;
  const trusting = ['connect', url, '--ca', file('ca', server.cert)];
  const cert = ['--cert', file('cert', client.cert)];
  for (const [key, expected] of [
    [['--key', file('key', client.key)], 'localhost\n'],
    [['--key', file('encrypted', encrypted), '--passphrase', file('passphrase', 'open sesame\n')], 'localhost\n'],
  ]) {
    const { code, stdout, stderr } = await command(t, [...trusting, ...cert, ...key]).end();
    assert.deepEqual({ code, stdout }, { code: 0, stdout: expected }, stderr);
  }
  assert.equal((await command(t, trusting).end()).code, 1);
});

test('short options', limit, async (t) => {
  let req;
  const url = await serve(
    t,
    (socket, request) => {
      req = request;
      socket.close(1000);
    },
    { perMessageDeflate: true },
  );
  const args = ['connect', url, '-H', 'X-One: 1', '-o', 'https://x.example', '-s', 'a', '-dkjb', '-P', '10'];
  const { code, stderr } = await command(t, args).end();
  assert.deepEqual({ code, stderr }, { code: 0, stderr: 'connected, a, permessage-deflate\nclosed, 1000\n' });
  assert.deepEqual([req.headers['x-one'], req.headers.origin], ['1', 'https://x.example']);
});
