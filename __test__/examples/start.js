'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const EXAMPLES = path.join(__dirname, '..', '..', 'examples');

/**
 * Starts an example as its own process, on a free port unless `env` says otherwise, and waits until
 * it prints its URL. It is killed when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} name the example's folder, which has a `server.js`, or its file
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ child: import('node:child_process').ChildProcess, url: string, port: string }>}
 */
async function start(t, name, env = {}) {
  const file = path.join(EXAMPLES, name.endsWith('.js') ? name : `${name}/server.js`);
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, HOST: '', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const line = /^(?:http|ws)s?:\S+$/m.exec(text);
      if (line) resolve(line[0]);
    });
    exited.then(([status]) => reject(new Error(`${name} ended with status ${status}: ${errors}`)));
  });
  return { child, url, port: new URL(url).port };
}

module.exports = start;
