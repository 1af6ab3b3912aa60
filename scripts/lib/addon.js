'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const takePacked = require('./packed-binary');
const root = require('./root');
const { hashOfSources } = require('./sources');
const step = require('./step');

const STAMP = path.join(root, '.cache', 'addon.json');

/**
 * The build outputs with size and time: a debug build made by hand since then is noticed by it.
 *
 * @returns {Record<string, string>}
 */
function outputs() {
  const addon = new RegExp(`^websockets\\.${process.platform}-${process.arch}.*\\.node$`);
  const names = fs.readdirSync(root).filter((name) => addon.test(name));
  return Object.fromEntries(
    names.sort().map((name) => {
      const { size, mtimeMs } = fs.statSync(path.join(root, name));
      return [name, `${size} bytes, ${mtimeMs}`];
    }),
  );
}

/** @returns {boolean} whether the addon at hand was built from the sources at hand */
function upToDate(inputs) {
  try {
    const stamp = JSON.parse(fs.readFileSync(STAMP, 'utf8'));
    return (
      Object.keys(stamp.outputs).length >= 1 &&
      stamp.inputs === inputs &&
      JSON.stringify(stamp.outputs) === JSON.stringify(outputs())
    );
  } catch {
    return false;
  }
}

/** Throws, with the way out, where there is no Rust to build with. */
function requireCargo() {
  if (spawnSync('cargo', ['--version']).status === 0) return;
  const version = /^rust-version = "(.+)"$/m.exec(fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8'))[1];
  throw new Error(
    `cargo was not found. The core of this module is Rust, and a checkout builds it from source:\n` +
      `install Rust ${version} or newer (https://rustup.rs), open a new terminal, and run this again.`,
  );
}

/** Builds the addon unless it is there, or in a tarball of `dist/`, and its sources are unchanged. */
function buildAddon() {
  const inputs = hashOfSources();
  if (upToDate(inputs)) return;
  if (!takePacked(inputs)) {
    requireCargo();
    step('building the addon, a minute or two the first time', 'npm run build', { shown: true });
  }
  fs.mkdirSync(path.dirname(STAMP), { recursive: true });
  fs.writeFileSync(STAMP, `${JSON.stringify({ inputs, outputs: outputs() }, null, 2)}\n`);
}

module.exports = buildAddon;
