'use strict';

// Builds the binary from the sources of a published package, with Cargo alone: for a platform that no
// package has one for. A checkout has `napi build`.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { thisPlatform } = require('../lib/native/platform.js');

const root = path.dirname(__dirname);
const LIBRARY = { darwin: 'libwebsockets.dylib', win32: 'websockets.dll' };

/** @param {string} target Cargo's folder @returns {number} the exit status */
function build(target) {
  const { status, error } = spawnSync('cargo', ['build', '--release', '--locked', '--target-dir', target], {
    cwd: root,
    stdio: 'inherit',
  });
  if (error) console.error(`cargo was not found (${error.code}): install Rust, https://rustup.rs`);
  if (status !== 0) return 1;
  const binary = path.join(root, `websockets.${thisPlatform().name}.node`);
  fs.copyFileSync(path.join(target, 'release', LIBRARY[process.platform] ?? 'libwebsockets.so'), binary);
  console.log(`built ${binary}`);
  return 0;
}

const { CARGO_TARGET_DIR: given } = process.env;
const target = given ?? fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-build-'));
try {
  process.exitCode = build(target);
} finally {
  if (given === undefined) fs.rmSync(target, { recursive: true, force: true });
}
