'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before } = require('node:test');

/** @returns {Promise<number>} a port that is free now */
async function freePort() {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  await once(server.close(), 'close');
  return port;
}

/** @returns {Promise<boolean>} whether somebody listens there */
async function answers(port) {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A broker as a process of its own, which can be killed, stopped and started again on its port. */
class Broker {
  #program;
  #args;
  #child = null;
  #exited = Promise.resolve();

  /**
   * @param {string} program
   * @param {string[]} args
   * @param {number} port
   */
  constructor(program, args, port) {
    this.#program = program;
    this.#args = args;
    this.port = port;
  }

  /** Starts it, and waits until it listens. @param {string[]} more arguments */
  async start(...more) {
    // Debian has nats-server where the PATH of a user does not lead.
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
    const child = spawn(this.#program, [...this.#args, ...more], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    let ended = null;
    this.#exited = new Promise((resolve) => {
      const end = (how) => {
        ended = how;
        resolve();
      };
      child.once('error', (error) => end(error.message));
      child.once('close', (code, signal) => end(`it ended with ${code ?? signal}`));
    });
    this.#child = child;
    while (!(await answers(this.port))) {
      assert.equal(ended, null, `${this.#program}: ${ended}\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Ends it at once. */
  async kill() {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** @param {NodeJS.Signals} name */
  signal(name) {
    this.#child.kill(name);
  }
}

/** Arguments of each broker. `home` is a folder of its own. */
const KINDS = {
  redis: (port, home) => ['redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', home]],
  'redis-cluster': (port, home, busPort) => [
    'redis-server',
    [...KINDS.redis(port, home)[1], '--cluster-enabled', 'yes', '--cluster-port', `${busPort}`],
  ],
  nats: (port) => ['nats-server', ['--addr', '127.0.0.1', '--port', `${port}`]],
};

/**
 * A broker for the tests of a file.
 *
 * @param {keyof typeof KINDS} kind
 * @returns {{ port: number, busPort: number, started: Promise<void>, kill: () => Promise<void>, start: (...more: string[]) => Promise<void>, signal: (name: NodeJS.Signals) => void,
 *   outage: () => Promise<() => Promise<void>> }}
 */
function useBroker(kind) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-broker-'));
  let broker;
  let busPort;
  const started = (async () => {
    const port = await freePort();
    busPort = await freePort();
    broker = new Broker(...KINDS[kind](port, home, busPort), port);
    await broker.start();
  })();
  before(() => started);
  after(async () => {
    await broker.kill();
    fs.rmSync(home, { recursive: true, force: true });
  });
  return {
    get port() {
      return broker.port;
    },
    /** Resolves once it listens; the tests of the file begin then. */
    started,
    /** By which the nodes of a Redis cluster talk. */
    get busPort() {
      return busPort;
    },
    kill: () => broker.kill(),
    start: (...more) => broker.start(...more),
    signal: (name) => broker.signal(name),
    async outage() {
      await broker.kill();
      return () => broker.start();
    },
  };
}

module.exports = { useBroker };
