'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const vm = require('node:vm');
const { WebSocket } = require('ws');
const { read, take } = require('./blocks');
const { OPTIONS, checkRooms, emptyFolder, run, talk } = require('./run');

const [rooms] = take('README.md', 'websockets');
const [overTls] = take('README.md', 'Over TLS');
const [makeCertificate] = take('README.md', 'Over TLS', 'sh');
const install = take('README.md', 'Install', 'sh');
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** What the guide's page does, with a document that has a body alone. It shows what the guide says. */
async function openPage(t, port) {
  const [page] = take('getting-started', 'A page', 'html');
  const [, script] = /<script>(.*)<\/script>/s.exec(page.replace('3000', String(port)));
  const sockets = [];
  class Opened extends WebSocket {
    constructor(...args) {
      sockets.push(super(...args));
    }
  }
  t.after(() => sockets.forEach((socket) => socket.terminate()));
  let shown = '';
  await new Promise((resolve) => {
    const append = (...texts) => {
      shown += texts.join('');
      if (shown.trim().split(' ').length === 2) resolve();
    };
    vm.runInNewContext(script, { WebSocket: Opened, document: { body: { append } } });
  });
  assert.ok(read('docs', 'guide', 'getting-started.md').includes(`It shows \`${shown.trim()}\`.`), shown);
}

test('README: the first code', OPTIONS, async (t) => {
  const { url } = await run(t, rooms);
  assert.deepEqual((await talk(t, `${url}/green`, undefined, 1)).heard, ['welcome']);
  await checkRooms(t, url);
});

test('README: over TLS', { ...OPTIONS, skip: hasOpenssl ? false : 'no openssl here' }, async (t) => {
  const folder = emptyFolder(t);
  const made = spawnSync(makeCertificate, { cwd: folder, shell: true, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const [key, ca] = ['key.pem', 'cert.pem'].map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));
  const { port } = await run(t, overTls, { files: { 'key.pem': key, 'cert.pem': ca } });
  await checkRooms(t, `wss://localhost:${port}`, { ca });
});

test('README and the guide install the same, which the tests of the packages run', () => {
  assert.deepEqual(
    [...take('installing', 'From a registry', 'sh'), ...take('installing', 'From a checkout', 'sh')],
    install,
  );
  assert.match(read('__test__', 'package', 'managers', 'app.js'), /README\.md/);
});

test('getting started: an empty folder, the server, and the client that talks with it', OPTIONS, async (t) => {
  const folder = emptyFolder(t);
  const [create] = take('getting-started', 'Getting started in five minutes', 'sh');
  const { status, stderr } = spawnSync(create, { cwd: folder, shell: true, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(fs.readFileSync(path.join(folder, 'my-app', 'package.json'), 'utf8')).name, 'my-app');
  const server = await run(t, take('getting-started', 'A server')[0]);
  const client = await run(t, take('getting-started', 'A client')[0], { port: server.port, until: /HELLO/ });
  assert.equal(client.text, 'welcome\nHELLO\n');
  await openPage(t, server.port);
});

test('getting started: with an HTTP server', OPTIONS, async (t) => {
  const { port, url } = await run(t, take('getting-started', 'With the HTTP server that you have')[0]);
  assert.equal(await (await fetch(`http://localhost:${port}`)).text(), 'a page\n');
  assert.deepEqual((await talk(t, url, 'hi', 1)).heard, ['hi']);
});
