'use strict';

// node scripts/check/address.js TRANSPORT FILE…
//
// Builds the addon with AddressSanitizer, and runs test files with it: memory that is used after it was freed, or
// past its end, ends the process that does so. Counts the tests, that what has a fault is found, and that no
// process has found one, whatever its test thought of the end of it.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cargoEnv, folderOf, must, mustFind, runtime, show, TARGET } = require('../lib/sanitizer');

const [transport, ...files] = process.argv.slice(2);
const folder = folderOf('address');
const REPORTS = path.join(folder, 'reports');

/**
 * Rust has the runtime for executables, which link it. Node does not, so it becomes a library to preload, without
 * the part that only an executable may have.
 *
 * @returns {string}
 */
function sharedRuntime() {
  const [archive, library] = ['a', 'so'].map((suffix) => path.join(folder, `runtime.${suffix}`));
  fs.copyFileSync(runtime('asan'), archive);
  must('ar', ['d', archive, 'asan_preinit.cpp.o']);
  const whole = ['-Wl,--whole-archive', archive, '-Wl,--no-whole-archive'];
  must('cc', ['-shared', '-o', library, ...whole, '-lpthread', '-ldl', '-lm', '-lrt']);
  return library;
}

/** @returns {string} the addon */
function build() {
  must('cargo', ['+nightly', 'build', '--quiet', '--lib'], cargoEnv('address'));
  const addon = path.join(folder, 'websockets.node');
  fs.copyFileSync(path.join(folder, TARGET, 'debug', 'libwebsockets.so'), addon);
  return addon;
}

/** @param {NodeJS.ProcessEnv} env Throws unless a fault ends a Node.js with this environment. */
function checkItself(env) {
  const library = path.join(folder, 'use-after-free.so');
  const source = path.join(__dirname, 'faults', 'use-after-free.rs');
  must('rustc', ['+nightly', '--edition=2024', '--crate-type=cdylib', '-Zsanitizer=address', '-o', library, source]);
  const load = `process.dlopen({ exports: {} }, ${JSON.stringify(library)})`;
  mustFind(process.execPath, ['--eval', load], env, 'AddressSanitizer: heap-use-after-free');
}

/** @returns {string[]} what processes have found */
function found() {
  return fs.readdirSync(REPORTS).map((name) => fs.readFileSync(path.join(REPORTS, name), 'utf8'));
}

const addon = build();
// Leaks are looked for elsewhere: V8 frees nothing at its end.
const options = 'detect_leaks=0:quarantine_size_mb=64';
const env = { LD_PRELOAD: sharedRuntime(), NAPI_RS_NATIVE_LIBRARY_PATH: addon };
checkItself({ ...env, ASAN_OPTIONS: options });

fs.rmSync(REPORTS, { recursive: true, force: true });
fs.mkdirSync(REPORTS);
const args = ['--test', '--test-reporter=spec', `--test-concurrency=${os.cpus().length}`, ...files];
const ok = show(process.execPath, args, {
  ...env,
  ASAN_OPTIONS: `${options}:log_path=${path.join(REPORTS, 'report')}`,
  WEBSOCKETS_TEST_TRANSPORT: transport,
});
const reports = found();
for (const report of reports) console.log(report);
console.log(reports.length === 0 ? '2 passed, 0 failed' : '1 passed, 1 failed');
process.exitCode = ok && reports.length === 0 ? 0 : 1;
