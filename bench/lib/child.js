'use strict';

// Processes: the server, which lives as long as its runs, and the generator, which ends with one.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { existsSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { selfSigned } = require('../../__test__/support/certificate');

const GENERATOR = path.join(__dirname, '..', 'generator', 'target', 'release', 'generator');
const START_LIMIT = 15_000;

/** A certificate for this run of the bench, as files. @returns {{ key: string, cert: string, remove: () => void }} */
function makeCertificate() {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
  const { key, cert } = selfSigned();
  const files = { key: path.join(folder, 'key.pem'), cert: path.join(folder, 'cert.pem') };
  writeFileSync(files.key, key, { mode: 0o600 });
  writeFileSync(files.cert, cert);
  return { ...files, remove: () => rmSync(folder, { recursive: true }) };
}

/** A command, on one core where one is named. */
function launch([command, ...args], core, env) {
  const pinned = core === null ? [command, args] : ['taskset', ['-c', String(core), command, ...args]];
  return spawn(...pinned, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What a process says on a stream, as it grows. */
function collect(stream) {
  const said = { text: '' };
  stream.setEncoding('utf8').on('data', (chunk) => {
    said.text += chunk;
  });
  return said;
}

/** The lines of what a process said that name an error; all of it where none does. */
function errorIn(said) {
  return (
    said
      .split('\n')
      .filter((line) => /^\w*Error: /.test(line))
      .join(' ') || said
  );
}

/**
 * Starts a server and waits for its port.
 *
 * @param {import('./servers').Server} server
 * @param {Record<string, string>} env what the scenario asks of it
 * @param {number | null} core where it is pinned
 * @returns {Promise<{ pid: number, port: number, stop: () => Promise<void> }>}
 */
async function startServer(server, env, core) {
  const child = launch(server.command, core, { ...server.env, ...env });
  const errors = collect(child.stderr);
  const exit = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message)).once('exit', () => resolve(errors.text.trim()));
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT);
  const [port] = await Promise.race([
    once(child.stdout.setEncoding('utf8'), 'data').then(([text]) => [Number(text)]),
    exit.then((said) => {
      throw new Error(`it does not start: ${errorIn(said)}`);
    }),
  ]).finally(() => clearTimeout(timer));
  return {
    pid: child.pid,
    port,
    async stop() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** Without the generator there is nothing to measure with. @throws {Error} if it is not built */
function checkGenerator() {
  if (existsSync(GENERATOR)) return;
  const manifest = path.relative(process.cwd(), path.join(__dirname, '..', 'generator', 'Cargo.toml'));
  throw new Error(
    `the load generator is not built: "npm run bench" in the root of the checkout builds it first, and so does "cargo build --release --manifest-path ${manifest}"`,
  );
}

/**
 * Runs the generator.
 *
 * @param {string[]} args
 * @param {number | null} core where it is pinned
 * @returns {Promise<Record<string, number>>} what it measured
 */
async function generate(args, core) {
  const child = launch([GENERATOR, ...args], core, {});
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(errors.text.trim() || `the generator ended with status ${status}`);
  return JSON.parse(output.text);
}

module.exports = { checkGenerator, generate, makeCertificate, startServer };
