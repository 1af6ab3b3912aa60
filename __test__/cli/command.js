'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { WebSocketServer } = require('ws');

const COMMAND = path.join(__dirname, '..', '..', 'bin', 'websockets.js');

/** One run of the command, as a process of its own. */
class Run {
  /**
   * @param {string[]} args
   * @param {boolean | { columns: number, rows: number }} terminal whether it is on a terminal, by util-linux' `script`;
   *   one that has a size says its device's name first
   * @param {'pipe' | number} input its standard input, or a descriptor in its place
   * @param {NodeJS.ProcessEnv} [env] more of its environment
   */
  constructor(args, terminal, input, env) {
    const quoted = [process.execPath, COMMAND, ...args].map((arg) => `'${arg}'`).join(' ');
    const size = typeof terminal === 'object' ? `stty cols ${terminal.columns} rows ${terminal.rows}; tty; ` : '';
    // Not every shell puts the command in its own place unless it is told to: a signal would reach the shell alone.
    const inTerminal = ['script', '-qefc', `${size}exec ${quoted}`, '/dev/null'];
    const command = terminal ? inTerminal : [process.execPath, COMMAND, ...args];
    this.process = spawn(command[0], command.slice(1), {
      stdio: [input, 'pipe', 'pipe'],
      env: {
        ...process.env,
        TERM: 'xterm-256color',
        CI: undefined,
        NODE_OPTIONS: '',
        NO_COLOR: terminal ? undefined : '1',
        ...env,
      },
    });
    this.stdout = '';
    this.stderr = '';
    for (const name of ['stdout', 'stderr'])
      this.process[name].setEncoding('utf8').on('data', (text) => (this[name] += text));
    this.process.stdin?.on('error', () => {}); // it may be gone before it has read all
    this.closed = once(this.process, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /**
   * @param {string | RegExp} what
   * @param {'stdout' | 'stderr'} [where]
   * @returns {Promise<RegExpMatchArray>} once it has said that
   */
  async says(what, where = 'stdout') {
    const pattern = typeof what === 'string' ? new RegExp(what.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')) : what;
    const over = this.closed.then(() => true);
    for (;;) {
      const found = pattern.exec(this[where]);
      if (found) return found;
      if (await Promise.race([once(this.process[where], 'data').then(() => false), over])) {
        const last = pattern.exec(this[where]);
        if (last) return last;
        throw new Error(`it ended and had not said ${pattern}\n${this.stdout}\n${this.stderr}`);
      }
    }
  }

  /** @param {string} text what is typed */
  type(text) {
    this.process.stdin.write(text);
  }

  /** Both streams and the exit status, once it has ended. */
  async end() {
    const { code, signal } = await this.closed;
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }
}

/**
 * @param {import('node:test').TestContext} t by its end the process is gone
 * @param {string[]} args
 * @param {{ terminal?: ConstructorParameters<typeof Run>[1], input?: 'pipe' | number, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Run}
 */
function command(t, args, { terminal = false, input = 'pipe', env } = {}) {
  const run = new Run(args, terminal, input, env);
  t.after(() => run.process.kill('SIGKILL'));
  return run;
}

/** A server of `ws`, which does as the test says. @returns {Promise<string>} its URL */
async function serve(t, listener, options = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  server.on('connection', listener);
  await once(server, 'listening');
  t.after(() => {
    server.clients.forEach((client) => client.terminate());
    server.close();
  });
  return `ws://127.0.0.1:${server.address().port}`;
}

/** The echo server on a free port. @returns {Promise<{ run: Run, url: string }>} */
async function echo(t, ...args) {
  const run = command(t, ['echo', '--port', '0', ...args]);
  const [, url] = await run.says(/^listening on (\S+)/);
  return { run, url };
}

module.exports = { command, echo, serve };
