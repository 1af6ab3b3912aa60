'use strict';

// The code of README.md and of the guide runs as it stands, but for the port.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { WebSocket } = require('ws');

const OPTIONS = { timeout: 60_000 };
const root = path.resolve(__dirname, '..', '..');
const read = (...names) => fs.readFileSync(path.join(root, ...names), 'utf8').replaceAll('\r\n', '\n');

/** @returns {string[]} the blocks of JavaScript under a heading */
function blocks(document, heading) {
  const from = document.indexOf(`\n${heading}\n`);
  assert.ok(from >= 0, heading);
  const rest = document.slice(from + heading.length + 2);
  const end = rest.search(/^##? /m);
  return [...rest.slice(0, end < 0 ? rest.length : end).matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(
    ([, block]) => block,
  );
}

const readme = read('README.md');
const recipes = read('docs', 'guide', 'recipes.md');
const [first] = [.../^```js\n([\s\S]*?)^```$/m.exec(readme)].slice(1);

/** @returns {Promise<number>} a port that is free */
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

/** Runs a block as a file in a folder of its own that has this package. */
async function run(t, block) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(root, path.join(folder, 'node_modules', 'websockets'), 'junction');
  fs.writeFileSync(
    path.join(folder, 'told.js'),
    `
    const { Server } = require('node:net');
    const { listen } = Server.prototype;
    Server.prototype.listen = function (...args) { return listen.apply(this.once('listening', () => console.log('listening')), args); };`,
  );
  const port = await freePort();
  fs.writeFileSync(path.join(folder, 'block.js'), block.replace(/\b3000\b/g, String(port)));
  const child = spawn(process.execPath, ['--require', './told.js', 'block.js'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  let text = '';
  await new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (/listening/.test(text)) resolve();
    });
    closed.then(() => reject(new Error(`it ended: ${text}`)));
  });
  return { child, closed, text: () => text, url: `ws://localhost:${port}` };
}

/** A client of ws that has sent `say`, and the first messages that it gets. */
async function talk(t, url, say, count) {
  const client = new WebSocket(url);
  t.after(() => client.terminate());
  const heard = [];
  const all = new Promise((resolve) => {
    client.on('message', (data, isBinary) => {
      heard.push(isBinary ? data.length : String(data));
      if (heard.length === count) resolve(heard);
    });
  });
  await once(client, 'open');
  if (say !== undefined) client.send(say);
  await all;
  return { client, heard };
}

test('the first code in the README', OPTIONS, async (t) => {
  const { url } = await run(t, first);
  assert.deepEqual((await talk(t, url, 'hi', 2)).heard, ['welcome', 'hi']);
});

test('Server and Client in the README', OPTIONS, async (t) => {
  const { closed, text } = await run(t, blocks(readme, '## Server and Client')[0]);
  assert.deepEqual(await closed, [0, null]);
  assert.equal(text(), 'listening\nHELLO\n');
});

test('the upgrade by hand is the echo example', () => {
  assert.deepEqual(blocks(recipes, '## Upgrade by hand, and hand the socket over'), [
    read('examples', 'echo', 'server.js'),
  ]);
});

for (const [name, say, expected] of [
  ['Send to one, to several, to all', undefined, ['welcome', 'we are 1']],
  ['Hold back for a slow peer', undefined, Array(1600).fill(64 * 1024)],
  ['Hold a fast peer back', 'hi', ['done: hi']],
  ['Take messages one by one', 'hi', ['done: hi']],
  ['Behind a proxy: who is it?', undefined, ['you come from 127.0.0.1']],
]) {
  test(`recipe: ${name}`, OPTIONS, async (t) => {
    const [block] = blocks(recipes, `## ${name}`);
    const { url } = await run(t, block);
    assert.deepEqual((await talk(t, url, say, expected.length)).heard, expected);
  });
}

for (const name of ['Notice peers that vanish', 'Shut down gracefully']) {
  test(`recipe: ${name}`, OPTIONS, async (t) => {
    const { child, closed, url } = await run(t, blocks(recipes, `## ${name}`)[0]);
    const client = new WebSocket(url);
    await once(client, 'open');
    if (name === 'Shut down gracefully') {
      // A Windows process has no SIGTERM to listen for.
      if (process.platform !== 'win32') {
        child.kill('SIGTERM');
        assert.equal((await once(client, 'close'))[0], 1001);
        assert.deepEqual(await closed, [0, null]);
      }
    } else {
      client.close();
      await once(client, 'close');
    }
  });
}

test('a proxy is believed as far as it is ours', OPTIONS, async (t) => {
  const { url } = await run(t, blocks(recipes, '## Behind a proxy: who is it?')[0]);
  for (const [forwarded, expected] of [
    ['203.0.113.9', '203.0.113.9'],
    ['198.51.100.1, 203.0.113.9, ::1', '203.0.113.9'],
  ]) {
    const client = new WebSocket(url, { headers: { 'X-Forwarded-For': forwarded } });
    t.after(() => client.terminate());
    assert.equal(String((await once(client, 'message'))[0]), `you come from ${expected}`);
  }
});

test('rooms: what is said in one is heard there, by the others', OPTIONS, async (t) => {
  const { url } = await run(t, /^```js\n([\s\S]*?)^```$/m.exec(read('docs', 'guide', 'rooms.md'))[1]);
  const [ada, grace, alone] = await Promise.all(
    ['red', 'red', 'blue'].map(async (name) => {
      const client = new WebSocket(`${url}/rooms/${name}`);
      t.after(() => client.terminate());
      await once(client, 'open');
      return client;
    }),
  );
  for (const other of [ada, alone]) other.on('message', () => assert.fail('it is not for this one'));
  ada.send('hello');
  assert.equal(String((await once(grace, 'message'))[0]), 'hello');
  ada.close();
  await once(ada, 'close');
});

test('getting started: the server, and the client that talks with it', OPTIONS, async (t) => {
  const guide = read('docs', 'guide', 'getting-started.md');
  const { child, text } = await run(t, ['## A server', '## A client'].flatMap((one) => blocks(guide, one)).join(''));
  while (!/welcome\n.*HELLO\n/s.test(text())) await once(child.stdout, 'data');
});
