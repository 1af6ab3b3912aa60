'use strict';

const { spawn } = require('node:child_process');
const root = require('./root');

/**
 * Runs a command, shows its output as it comes, and keeps it. Ends the command after `timeout` ms.
 *
 * @param {string} command program and arguments, without shell syntax
 * @param {{ timeout: number, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ ok: boolean, output: string, note: string }>} `note`: what went wrong, in words
 */
function tee(command, { timeout, env = process.env }) {
  console.log(`\n> ${command}`);
  const [program, ...args] = command.split(' ');
  return new Promise((resolve) => {
    // Its own process group on POSIX, so that a time-out reaches what the command started, too.
    const grouped = process.platform !== 'win32';
    const child = spawn(program === 'node' ? process.execPath : program, args, {
      cwd: root,
      detached: grouped,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let note = '';
    const end = () => {
      try {
        if (grouped) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        /* it is gone already */
      }
    };
    const timer = setTimeout(() => {
      note = `not done after ${timeout / 1000} s`;
      end();
    }, timeout);
    const interrupted = () => {
      end();
      process.exit(130);
    };
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted);

    child.stdout.on('data', (chunk) => process.stdout.write(chunk));
    child.stderr.on('data', (chunk) => process.stderr.write(chunk));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    const done = (ok) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      resolve({ ok, output, note });
    };
    child.once('error', (error) => {
      note = error.message;
      done(false);
    });
    child.once('close', (status, signal) => {
      if (status !== 0) note ||= signal ? `ended by ${signal}` : `exit status ${status}`;
      done(status === 0);
    });
  });
}

module.exports = tee;
