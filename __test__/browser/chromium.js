'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');

/** Keeps a test browser to itself: no look-ups of its own, no first-run pages. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Where Chromium is: the environment variable CHROMIUM, or the first one on the PATH.
 *
 * @returns {string}
 */
function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const found = process.env.PATH.split(path.delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => path.join(folder, name)))
    .find((file) => fs.existsSync(file));
  if (!found) throw new Error('Chromium is not on the PATH: install it, or say where it is in CHROMIUM');
  return found;
}

/** @returns {Promise<import('playwright-core').Browser>} a headless Chromium */
const launch = () => chromium.launch({ executablePath: executable(), args: ARGS });

module.exports = launch;
