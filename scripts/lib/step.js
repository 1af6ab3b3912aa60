'use strict';

const { spawnSync } = require('node:child_process');
const root = require('./root');

/**
 * Runs one step of the setup: one line on success, everything the command printed on failure.
 *
 * @param {string} title what is being done, in a few words
 * @param {string} command program and arguments, without shell syntax
 * @param {object} [options]
 * @param {boolean} [options.shown] whether what the command prints is shown as it comes: it takes long, and says how far
 *   it is
 */
function step(title, command, { shown = false } = {}) {
  process.stdout.write(`setup: ${title} …${shown ? '\n' : ' '}`);
  const started = Date.now();
  const [program, ...args] = command.split(' ');
  const result = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32', // npm is a .cmd file there
    stdio: shown ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
  });
  if (result.status === 0) {
    console.log(`${shown ? 'setup: ' : ''}done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return;
  }
  if (!shown) {
    console.log('failed');
    console.error(result.stdout ?? '', result.stderr ?? '');
  }
  const how = result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit status ${result.status}`);
  throw new Error(`\`${command}\`: ${how}`);
}

module.exports = step;
