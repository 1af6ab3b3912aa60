'use strict';

// Proxies, as programs of Debian: two that take WebSockets over HTTP/2 (RFC 8441) from their clients, and nginx, which does not.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

/**
 * What a proxy is to do.
 *
 * @typedef {object} Task
 * @property {number} backend the port of the server behind it, on 127.0.0.1
 * @property {'http/1.1' | 'h2'} protocol that it speaks to that server, without TLS
 * @property {{ key: string, cert: string }} pair that it has for its clients
 */

/** A port that was free just now. */
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A folder with these files, gone when the test ends. @returns {Record<string, string>} name → path */
function write(t, files) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-proxy-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => {
      const file = path.join(folder, name);
      fs.writeFileSync(file, text);
      return [name, file];
    }),
  );
}

/** Starts a proxy, and waits until it listens; it is gone when the test ends. */
async function start(t, port, program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  const exited = new Promise((resolve, reject) => child.on('exit', resolve).on('error', reject));
  t.after(() => {
    child.kill();
    return exited;
  });
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    const isThere = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
    const code = await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 20))]);
    if (code !== undefined) throw new Error(`${program} has ended with ${code}\n${log}`);
  }
}

/** @param {import('node:test').TestContext} t @param {Task} task @returns {Promise<number>} its port */
async function nghttpx(t, { backend, protocol, pair }) {
  const { key, cert } = write(t, pair);
  const port = await freePort();
  const to = `127.0.0.1,${backend};;proto=${protocol}`;
  const args = ['--conf=/dev/null', '--no-ocsp', '--workers=1', `--frontend=127.0.0.1,${port}`, `--backend=${to}`];
  await start(t, port, process.env.NGHTTPX ?? 'nghttpx', [...args, '--errorlog-file=/dev/stderr', key, cert]);
  return port;
}

/** @param {import('node:test').TestContext} t @param {Task} task @returns {Promise<number>} its port */
async function haproxy(t, { backend, protocol, pair }) {
  const { both } = write(t, { both: pair.cert + pair.key });
  const port = await freePort();
  const { config } = write(t, {
    config: `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s

frontend of-clients
  bind 127.0.0.1:${port} ssl crt ${both} alpn h2,http/1.1
  default_backend of-server

backend of-server
  server it 127.0.0.1:${backend}${protocol === 'h2' ? ' proto h2' : ''}
`,
  });
  await start(t, port, process.env.HAPROXY ?? 'haproxy', ['-db', '-f', config]);
  return port;
}

/**
 * @param {import('node:test').TestContext} t
 * @param {string} config what is in its `http`, with `PORT` for the port
 * @returns {Promise<number>} its port
 */
async function nginx(t, config) {
  const port = await freePort();
  const files = write(t, { config: '', errors: '', pid: '' });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${path.join(path.dirname(files.config), name)};`)
    .join('\n');
  fs.writeFileSync(
    files.config,
    `
daemon off;
pid ${files.pid};
error_log stderr;
events {}
http {
  access_log off;
  ${temporary}
  ${config.replace('PORT', `127.0.0.1:${port}`)}
}
`,
  );
  await start(t, port, process.env.NGINX ?? 'nginx', ['-e', files.errors, '-c', files.config]);
  return port;
}

module.exports = { nghttpx, haproxy, nginx };
