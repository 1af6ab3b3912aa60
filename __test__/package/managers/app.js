'use strict';

// An app into which a package manager installs the module by the commands of the README, and then again by its lock file.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { execute, folder, packed } = require('../support/project');

/** What is the same for all tests. */
const limit = {
  timeout: 300_000,
  skip: process.platform === 'win32' ? 'the runtimes are installed on Linux and macOS only' : false,
};
const ROOT = path.resolve(__dirname, '..', '..', '..');
const ECHO = path.join(__dirname, '..', 'consumers', 'echo.cjs');

/**
 * The commands of the README that install something, with each program that it names for them.
 *
 * @param {RegExp} what
 * @returns {Record<string, string[]>} program → arguments
 */
function documented(what) {
  const text = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const line = text.split('\n').find((one) => one.startsWith('npm install ') && what.test(one));
  const [command, others] = line.split('# or ');
  const [, , ...args] = command.trim().split(' ');
  const starts = ['npm install', ...others.split(', ')].map((start) => start.split(' '));
  return Object.fromEntries(starts.map(([program, ...verb]) => [program, [...verb, ...args]]));
}

/** An app beside a checkout that has packed its tarballs. */
class App {
  /**
   * @param {import('node:test').TestContext} t
   * @param {import('./catalog').Manager} manager
   * @param {string} url of the registry
   */
  constructor(t, manager, url) {
    this.manager = manager;
    const place = folder(t);
    this.folder = path.join(place, 'my-app');
    this.home = path.join(place, 'home');
    for (const one of [this.folder, this.home]) fs.mkdirSync(one);
    const dist = path.join(place, 'websockets', 'dist');
    fs.mkdirSync(dist, { recursive: true });
    for (const { file } of packed()) fs.copyFileSync(file, path.join(dist, path.basename(file)));
    const manifest = '{ "name": "my-app", "version": "1.0.0", "private": true }\n';
    const files = { 'package.json': manifest, ...manager.files(url), 'echo.cjs': fs.readFileSync(ECHO) };
    for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(this.folder, name), content);
  }

  /** Runs a command there, with settings and caches of its own. @param {string[]} command @returns {Promise<string>} */
  async succeed(command) {
    const xdg = ['CACHE', 'CONFIG', 'DATA', 'STATE'].map((name) => [`XDG_${name}_HOME`, path.join(this.home, name)]);
    // `CI` would make some installs frozen that are not meant to be.
    const env = { HOME: this.home, USERPROFILE: this.home, CI: '', ...Object.fromEntries(xdg) };
    const { status, stdout, stderr } = await execute(this.folder, command, env);
    assert.equal(status, 0, `${this.manager.title}: ${command.slice(-3).join(' ')}\n${stdout}${stderr}`);
    return stdout;
  }

  /** The app works. */
  async echo() {
    assert.equal(await this.succeed([...this.manager.run(), 'echo.cjs']), `required ${this.manager.transport}\n`);
  }

  /** Installs by a command, and then by the lock file alone. @param {string[]} args */
  async install(args) {
    const { command, frozen } = this.manager;
    await this.succeed([...command(), ...args]);
    await this.echo();
    for (const name of ['node_modules', '.pnp.cjs'])
      fs.rmSync(path.join(this.folder, name), { recursive: true, force: true });
    await this.succeed([...command(), ...frozen]);
    await this.echo();
  }
}

module.exports = { App, documented, limit };
