'use strict';

const path = require('node:path');
const { EventEmitter, once } = require('node:events');
const { spawn } = require('node:child_process');
const { Inbox } = require('./inbox');

/**
 * A script of `fixtures/` as a process of its own. It speaks by lines of JSON on its standard
 * output, `[name, ...args]`, which are its events here, and hears lines on its standard input.
 */
class Child extends EventEmitter {
  /**
   * @param {string} script
   * @param {(string|number|object)[]} [args] an object goes as JSON
   * @param {object} [options]
   * @param {NodeJS.ProcessEnv} [options.env]
   * @param {number} [options.descriptors] how many it may have open
   * @param {string[]} [options.within] a command that runs it, such as `unshare`
   * @param {string[]} [options.flags] of Node.js
   */
  constructor(script, args = [], { env, descriptors, within = [], flags = [] } = {}) {
    super();
    const command = [
      ...within,
      process.execPath,
      ...flags,
      path.join(__dirname, 'fixtures', script),
      ...args.map((arg) => (typeof arg === 'object' ? JSON.stringify(arg) : String(arg))),
    ];
    if (descriptors !== undefined) command.unshift('sh', '-c', `ulimit -n ${descriptors}; exec "$0" "$@"`);
    this.process = spawn(command[0], command.slice(1), { env: { ...process.env, ...env, NODE_OPTIONS: '' } });
    this.inbox = new Inbox(this, ['said']);
    this.stderr = '';
    this.exited = once(this.process, 'close').then(([code, signal]) => ({ code, signal }));
    this.process.stderr.on('data', (chunk) => (this.stderr += chunk));
    this.process.stdin.on('error', () => {}); // it may be gone before it has read all
    let rest = '';
    this.process.stdout.setEncoding('utf8').on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines) this.emit('said', JSON.parse(line));
    });
  }

  /** @returns {Promise<unknown[]>} the next line that it said */
  async says() {
    const line = this.inbox.next('said').then(([said]) => said);
    const gone = this.exited.then(async ({ code, signal }) => {
      throw new Error(`the child ended (${code ?? signal}) and had not said it\n${this.stderr}`);
    });
    gone.catch(() => {});
    return Promise.race([line, gone]);
  }

  /** @returns {unknown[][]} all lines so far */
  get lines() {
    return this.inbox.list('said').map(([said]) => said);
  }

  /** @param {string} line */
  tell(line) {
    this.process.stdin.write(`${line}\n`);
  }

  /** @returns {boolean} */
  get running() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }
}

/**
 * @param {import('node:test').TestContext} t by the end of this test the child is gone
 * @param {ConstructorParameters<typeof Child>} args
 * @returns {Child}
 */
function run(t, ...args) {
  const child = new Child(...args);
  const kill = () => child.process.kill('SIGKILL');
  t.after(kill);
  t.signal.addEventListener('abort', kill);
  return child;
}

module.exports = { run };
