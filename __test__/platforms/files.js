'use strict';

const fs = require('node:fs');
const path = require('node:path');
const CORE = require('../runtimes/core');

/** What is no test of `Base`: the compiler runs in Node.js whatever runs the tests, and documents do not run. */
const DOCUMENTS = ['imports', 'links', 'map', 'security', 'types'].map((name) => `docs/${name}.test.js`);

/** What starts processes: under an emulated processor that would be up to this machine's kernel, which cannot. */
const STARTS = /node:(?:child_process|cluster)|support\/(?:attacked|child|pressed)'/;

/** An emulated processor is slow: of the core, what goes furthest into what is compiled. */
const EMULATED = [
  'base/close',
  'base/data-types',
  'deflate/client',
  'extensions/frame',
  'handshake/server',
  'protocol/echo',
  'protocol/fragments',
  'protocol/masking',
  'socket/unix-socket',
].map((name) => `${name}.test.js`);

const isEmulated = (name) => name.startsWith('linux-arm64-');

/** @param {string} name of a platform @returns {string[]} the files that `.ci/run` has time for */
const core = (name) => (isEmulated(name) ? EMULATED : CORE);

/** @param {string} file @returns {boolean} */
const startsProcesses = (file) => STARTS.test(fs.readFileSync(path.join(__dirname, '..', file), 'utf8'));

/** @param {string} name of a platform @param {string} file @returns {boolean} whether that says something there */
const isForPlatform = (name, file) => !DOCUMENTS.includes(file) && !(isEmulated(name) && startsProcesses(file));

module.exports = { core, isForPlatform };
