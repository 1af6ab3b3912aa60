'use strict';

const CORE = require('../runtimes/core');

/** What is no test of `Base`: the compiler runs in Node.js whatever runs the tests, and documents do not run. */
const DOCUMENTS = ['docs/imports', 'docs/links', 'docs/map', 'docs/security', 'docs/types'];

/** What starts a Node.js: under qemu that would be one of this machine's kernel, which cannot run it. */
const CHILDREN = [];

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

/** @param {string} name of a platform @returns {string[]} the files that say nothing there */
const elsewhere = (name) => [...DOCUMENTS, ...(isEmulated(name) ? CHILDREN : [])].map((file) => `${file}.test.js`);

module.exports = { core, elsewhere };
