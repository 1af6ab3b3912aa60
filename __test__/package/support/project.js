'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { thisPlatform } = require('../../../lib/native/platform');
const { binaryOf, packAll, packLocal } = require('../../../scripts/lib/package/pack');
const { platforms } = require('../../../scripts/lib/package/versions');
const root = require('../../../scripts/lib/root');

/** `npm run` sets dozens of variables that would configure the npm that is tried here. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|node_options$)/i.test(name)),
);

/** @returns {string} a folder outside the repository, which is gone after the test */
function folder(t) {
  const place = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'websockets-test-'));
  t.after(() => fs.rmSync(place, { recursive: true, force: true }));
  return place;
}

/**
 * @typedef {object} Result
 * @property {number | null} status
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * @param {string} cwd
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Result>}
 */
function execute(cwd, command, env = {}) {
  const child = spawn(command[0], command.slice(1), {
    cwd,
    env: { ...environment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  const result = { status: null, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (result[name] += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ ...result, status }));
  });
}

/** An empty project outside the repository, with an npm of its own settings and cache. */
class Project {
  constructor(t) {
    this.folder = folder(t);
    this.write('package.json', '{ "name": "consumer", "version": "1.0.0", "private": true }\n');
  }

  /** @param {string} name @param {string | Buffer} content @returns {string} where it is */
  write(name, content) {
    const place = path.join(this.folder, name);
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.writeFileSync(place, content);
    return place;
  }

  /** @param {string} name @returns {any} */
  json(name) {
    return JSON.parse(fs.readFileSync(path.join(this.folder, name), 'utf8'));
  }

  /** @param {...string} names a package of it @returns {string} */
  installed(...names) {
    return path.join(this.folder, 'node_modules', ...names);
  }

  /** @param {...string} args @returns {Promise<Result>} */
  node(...args) {
    return execute(this.folder, [process.execPath, ...args]);
  }

  /** @returns {NodeJS.ProcessEnv} what makes npm read no settings and no cache but its own */
  get npmSettings() {
    return {
      npm_config_audit: 'false',
      npm_config_cache: path.join(this.folder, '.npm'),
      npm_config_fund: 'false',
      npm_config_globalconfig: path.join(this.folder, 'no-npmrc'),
      npm_config_update_notifier: 'false',
      npm_config_userconfig: path.join(this.folder, 'no-npmrc-either'),
    };
  }

  /** @param {string[]} args @param {NodeJS.ProcessEnv} [env] @returns {Promise<Result>} */
  npm(args, env) {
    return execute(this.folder, ['npm', ...args], { ...this.npmSettings, ...env });
  }

  /**
   * Has npm install, without scripts.
   *
   * @param {string[]} specs what its command is given
   * @param {string} [registry] without it there is none
   */
  async install(specs, registry) {
    const from = registry === undefined ? ['--offline'] : ['--registry', registry];
    const { status, stdout, stderr } = await this.npm(['install', '--ignore-scripts', ...from, ...specs]);
    assert.equal(status, 0, stdout + stderr);
  }
}

/** @typedef {import('../../../scripts/lib/package/pack').Packed} Packed */

/**
 * Has tarballs made once for a process.
 *
 * @param {(out: string) => Packed[]} make
 * @returns {() => Packed[]}
 */
function once(make) {
  let tarballs;
  return () => {
    if (tarballs === undefined) {
      const out = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-tarballs-'));
      process.on('exit', () => fs.rmSync(out, { recursive: true, force: true }));
      tarballs = make(out);
    }
    return tarballs;
  };
}

/** Those of `npm run package`: the main one, which has the binary, and the alias. */
const packed = once((out) => packLocal({ out, platforms: [thisPlatform().name] }));

/** Those that a registry gets, without the binaries of other platforms: the platform's, the main one, and the alias. */
const published = once((out) => packAll({ out }));

/** All that a registry gets. What is in the place of the binaries of other platforms cannot be loaded. */
const released = once((out) => {
  const binaries = path.join(out, 'binaries');
  fs.mkdirSync(binaries);
  for (const name of platforms()) fs.writeFileSync(path.join(binaries, binaryOf(name)), 'for another platform');
  const own = binaryOf(thisPlatform().name);
  fs.copyFileSync(path.join(root, own), path.join(binaries, own));
  return packAll({ out, binaries, platforms: platforms() });
});

module.exports = { Project, execute, folder, packed, published, released };
