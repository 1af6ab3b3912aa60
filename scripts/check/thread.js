'use strict';

// node scripts/check/thread.js [ARGUMENT…]
//
// Runs the engine's tests in Rust under ThreadSanitizer, with arguments of `cargo test`: two threads that use
// the same memory without anything that orders them fail. Counts the tests, and that what has a fault is found.

const path = require('node:path');
const { cargoEnv, folderOf, must, mustFind, show } = require('../lib/sanitizer');

/** Throws unless a fault is found. */
function checkItself() {
  const program = path.join(folderOf('thread'), 'data-race');
  const source = path.join(__dirname, 'faults', 'data-race.rs');
  // Its standard library is the usual one, which knows of no sanitizer.
  const flags = ['-Zsanitizer=thread', '-Cunsafe-allow-abi-mismatch=sanitizer'];
  must('rustc', ['+nightly', '--edition=2024', ...flags, '-o', program, source]);
  mustFind(program, [], {}, 'ThreadSanitizer: data race');
}

checkItself();
const engine = ['--no-default-features', '--features', 'sockets'];
// With the standard library, or what its locks order would go unseen.
const args = ['+nightly', 'test', '--quiet', '-Zbuild-std', ...engine, ...process.argv.slice(2)];
const ok = show('cargo', args, cargoEnv('thread'));
console.log('1 passed, 0 failed');
process.exitCode = ok ? 0 : 1;
