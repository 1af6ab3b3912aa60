'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const native = require('../../native/native.js');
const { DEFAULT_FILE, configures } = require('./openssl-config.js');

/** Flags of Node.js that say something of TLS, or that another file may do so; `node:tls` has what others do. */
const FLAGS =
  /^--(?:use-(?:openssl|system)-ca|use-env-proxy|openssl-|tls-keylog|trace-tls|(?:force|enable)-fips|(?:experimental-)?(?:default-)?config-file)/;

/** Variables of the environment that Node.js and OpenSSL read when they begin. */
const READ_ONCE = ['NODE_OPTIONS', 'OPENSSL_CONF', 'OPENSSL_CONF_INCLUDE'];

/**
 * How Node.js was built and began.
 *
 * @typedef {object} Itself
 * @property {object} config
 * @property {readonly NodeJS.ProcessEnv[]} envs as it began, if that is known, and as it is
 * @property {readonly string[]} execArgv
 * @property {NodeJS.ProcessVersions} versions
 * @property {string} ciphers that it was built with
 * @property {boolean} isMainThread
 * @property {string} file the configuration of OpenSSL
 */

/** @param {NodeJS.ProcessEnv} env */
const readOnceOf = (env) => Object.fromEntries(READ_ONCE.map((name) => [name, env[name]]));

/** @returns {NodeJS.ProcessEnv} the environment in which the process began, where the system says so */
function envAtFirst() {
  try {
    const lines = fs.readFileSync('/proc/self/environ', 'utf8').split('\0');
    return Object.fromEntries(lines.map((line) => /^(.*?)=(.*)$/s.exec(line)?.slice(1) ?? [line, '']));
  } catch {
    return {};
  }
}

/** As it is now: what an app changes of these later, OpenSSL does not hear of. @type {Itself} */
const ours = {
  config: process.config ?? {},
  // An app may have deleted some by now.
  envs: [envAtFirst(), process.env].map(readOnceOf),
  execArgv: [...process.execArgv],
  versions: process.versions,
  ciphers: crypto.constants.defaultCoreCipherList,
  isMainThread,
  file: DEFAULT_FILE,
};

/**
 * Why Node's TLS has to connect, whatever the options: it is not as Node.js comes, or that cannot be said.
 *
 * @param {Itself} [itself]
 * @returns {string | null} `null` if Rust's TLS can do it
 */
function whyNodeAlways({ config, envs, execArgv, versions, ciphers, isMainThread: isMain, file } = ours) {
  if (versions.bun !== undefined || versions.deno !== undefined) return 'this is not Node.js';
  // That of Electron, for example, is BoringSSL.
  if (!versions.openssl?.startsWith('3.')) return 'this Node.js has no OpenSSL 3';
  if (native.openSecured === undefined) return 'this system has no TLS of clients in Rust';
  // It may have an environment and flags of its own, while OpenSSL has those of the process.
  if (!isMain) return 'a Worker does not know the flags of its process';
  if (envs.some((env) => env.OPENSSL_CONF || env.OPENSSL_CONF_INCLUDE)) return 'OPENSSL_CONF is set';
  // Quotes and backslashes may be anywhere in NODE_OPTIONS; Node.js takes underscores, too.
  const options = envs.flatMap((env) => (env.NODE_OPTIONS ?? '').replace(/["\\]/g, '').split(/\s+/));
  const flags = [...execArgv, ...options].map((flag) => flag.replaceAll('_', '-'));
  if (flags.some((flag) => FLAGS.test(flag))) return 'Node.js has an option about TLS';
  const build = JSON.stringify(config);
  if (build.includes('NODE_OPENSSL_CERT_STORE')) return 'this Node.js has the certificates of the system';
  if (/"node_shared_openssl":"?true/.test(build)) return 'this Node.js has the OpenSSL of the system';
  if (/"openssl_default_cipher_list":"[^"]/.test(build) || /[@=]/.test(ciphers))
    return 'this Node.js has cipher suites of its own';
  const [, section = 'nodejs_conf'] = /NODE_OPENSSL_CONF_NAME=(\w+)/.exec(build) ?? [];
  if (configures(file, section)) return `${file} may configure OpenSSL for Node.js`;
  return null;
}

module.exports = { ours, whyNodeAlways };
