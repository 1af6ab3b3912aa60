'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { WebSocket } = require('ws');
const { root } = require('./blocks');

const OPTIONS = { timeout: 60_000 };

/** Says when something listens. */
const TOLD = `
  const { Server } = require('node:net');
  const { listen } = Server.prototype;
  Server.prototype.listen = function (...args) {
    return listen.apply(this.once('listening', () => console.log('listening')), args);
  };
`;

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

/** @returns {string} an empty folder, which is there as long as the test */
function emptyFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** @returns {string} a folder of a project that has this package */
function project(t) {
  const folder = emptyFolder(t);
  fs.mkdirSync(path.join(folder, 'node_modules'));
  for (const [name, place] of [
    ['websockets', root],
    ['@opentelemetry', path.join(root, 'node_modules', '@opentelemetry')],
  ]) {
    fs.symlinkSync(place, path.join(folder, 'node_modules', name), 'junction');
  }
  return folder;
}

/** What a process says. */
class Run {
  text = '';

  constructor(t, child) {
    this.child = child;
    this.closed = once(child, 'close');
    child.stdout.setEncoding('utf8').on('data', (chunk) => (this.text += chunk));
    t.after(async () => {
      child.kill('SIGKILL');
      await this.closed;
    });
  }

  /** @param {RegExp} what @returns {Promise<void>} once it has said that */
  async says(what) {
    const over = this.closed.then(() => true);
    while (!what.test(this.text)) {
      const isOver = await Promise.race([once(this.child.stdout, 'data').then(() => false), over]);
      if (isOver && !what.test(this.text)) throw new Error(`it ended: ${this.text}`);
    }
  }
}

/**
 * Runs a block as a file in a folder of its own that has this package. Ports of the document become one that is free.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} code
 * @param {object} [options]
 * @param {string} [options.before] what the reader has written before the block, if it is no whole file
 * @param {string} [options.after] and after it
 * @param {Record<string, string>} [options.files] other files of the folder
 * @param {string} [options.name] of the file
 * @param {number} [options.port] of a server that is there
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {RegExp} [options.until] what it says when it is ready
 */
async function run(
  t,
  code,
  { before = '', after = '', files = {}, name = 'block.js', port, env, until = /listening/ } = {},
) {
  const folder = project(t);
  const taken = port ?? (await freePort());
  const whole = [before, code, after].join('\n').replace(/\b(?:3000|9090|443)\b/g, String(taken));
  for (const [file, content] of Object.entries({ ...files, 'told.cjs': TOLD, [name]: whole }))
    fs.writeFileSync(path.join(folder, file), content);
  const child = spawn(process.execPath, ['--require', './told.cjs', name], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const started = new Run(t, child);
  await started.says(until);
  return Object.assign(started, { folder, port: taken, url: `ws://localhost:${taken}` });
}

/** A client of ws that has sent `say`, and the first messages that it gets. */
async function talk(t, url, say, count, options) {
  const client = new WebSocket(url, options);
  t.after(() => client.terminate());
  const heard = [];
  const all = new Promise((resolve, reject) => {
    client.on('error', reject);
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

/** Clients of ws that are open. */
const clients = (t, urls, options) =>
  Promise.all(
    urls.map(async (url) => {
      const client = new WebSocket(url, options);
      t.after(() => client.terminate());
      await once(client, 'open');
      return client;
    }),
  );

/** What is said in a room of `url` is heard there, by the others. */
async function checkRooms(t, url, options) {
  const [ada, grace, alone] = await clients(
    t,
    ['red', 'red', 'blue'].map((name) => `${url}/${name}`),
    options,
  );
  const heard = { ada: [], grace: [], alone: [] };
  for (const [name, client] of Object.entries({ ada, grace, alone }))
    client.on('message', (data) => String(data) === 'welcome' || heard[name].push(String(data)));
  ada.send('hello');
  while (heard.grace.length === 0) await once(grace, 'message');
  // Whatever the others were sent has come before these.
  for (const client of [ada, alone]) {
    client.ping();
    await once(client, 'pong');
  }
  assert.deepEqual(heard, { ada: [], grace: ['hello'], alone: [] });
  ada.close();
  await once(ada, 'close');
}

module.exports = { OPTIONS, Run, checkRooms, clients, emptyFolder, freePort, project, run, talk };
