'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const test = require('node:test');
const { take } = require('./blocks');
const { OPTIONS, Run, project, run } = require('./run');

const options = { ...OPTIONS, skip: process.platform === 'win32' ? 'no sh here' : false };

/** One message for who asks for the prices, and an echo. */
const SERVER = `
  const { Server } = require('websockets');
  const server = new Server();
  server.on('open', (sid, req) => {
    if (req.url !== '/prices') return;
    server.send(sid, '1');
    server.close(sid, 1000, '');
  });
  server.on('message', (text, sid) => server.send(sid, text));
  server.listen(3000);
`;

/** @returns {Promise<number>} the port of a proxy that knows CONNECT alone, and leads everywhere to `port` */
async function proxyTo(t, port) {
  const proxy = http.createServer();
  const sockets = new Set();
  proxy.on('connection', (socket) => sockets.add(socket));
  proxy.on('connect', (_req, socket) => {
    const server = net.connect(port, 'localhost', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      server.pipe(socket).pipe(server);
    });
    sockets.add(server);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return proxy.address().port;
}

/** @returns {Promise<string>} what a block says in a project that has the package, with a server in the place of others */
async function say(t, block) {
  const { port } = await run(t, SERVER);
  const proxy = await proxyTo(t, port);
  const folder = project(t);
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  const command = path.join(folder, 'node_modules', 'websockets', 'bin', 'websockets.js');
  // What npx would find, and what npm would install is there.
  const programs = { npx: `shift; exec '${process.execPath}' '${command}' "$@"`, npm: 'exit 0' };
  for (const [name, script] of Object.entries(programs))
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const here = block
    .replaceAll('wss://example.com', `ws://localhost:${port}`)
    .replaceAll('proxy.example:8080', `localhost:${proxy}`)
    .replaceAll('3000', String(port));
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const child = spawn('sh', ['-ec', here], { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const said = new Run(t, child);
  assert.deepEqual(await said.closed, [0, null]);
  return said.text.trim();
}

const [count, echo] = take('command', 'In a pipe', 'sh');
for (const [what, block, expected] of [
  ['counts messages', count, '1'],
  ['sends lines', echo, 'hello'],
  ['through a proxy', take('command', 'Through a proxy', 'sh')[0], '1'],
]) {
  test(`the command: ${what}`, options, async (t) => {
    assert.equal(await say(t, block), expected);
  });
}
