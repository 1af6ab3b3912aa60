'use strict';

const { spawnSync } = require('node:child_process');
const root = require('./root');

/**
 * Runs one step of the setup: one line on success, everything the command printed on failure.
 *
 * @param {string} title what is being done, in a few words
 * @param {string} command program and arguments, without shell syntax
 */
function step(title, command) {
  process.stdout.write(`setup: ${title} … `);
  const started = Date.now();
  const [program, ...args] = command.split(' ');
  const result = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32', // npm is a .cmd file there
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.status === 0) {
    console.log(`done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return;
  }
  console.log('failed');
  console.error(result.stdout ?? '', result.stderr ?? '');
  const how = result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit status ${result.status}`);
  throw new Error(`\`${command}\`: ${how}`);
}

module.exports = step;
