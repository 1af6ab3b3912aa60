'use strict';

// node fuzz/smoke.js [--seconds N] [--engine libfuzzer|random]
//
// Throws inputs at each target for N seconds in all (60), and closes with a line that counts targets.
//
//   libfuzzer   cargo-fuzz on nightly: looks for inputs that reach what no other has
//   random      any toolchain: changes the seeds at random, and says the number by which to do it again
//
// Without --engine it is libfuzzer where the machine has what that needs, and random otherwise;
// nothing is installed for it. fuzz/README.md says more.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const root = path.dirname(__dirname);
const TARGETS = fs.readdirSync(path.join(__dirname, 'seeds')).sort();
/** What building may take, in ms, until the other engine has its turn, or the gate fails. */
const BUILD_LIMIT = { libfuzzer: 180_000, random: 180_000 };
/** What a target may take beyond its time, in ms: its seeds, and the end of the case under way. */
const GRACE = 45_000;

// No toolchain is to be downloaded because its name was said.
const env = { ...process.env, RUSTUP_AUTO_INSTALL: '0', CARGO_TERM_COLOR: 'never' };

/**
 * @param {string[]} args of cargo
 * @param {number} timeout ms
 * @returns {{ ok: boolean, output: string, note: string }}
 */
function cargo(args, timeout) {
  const { status, signal, error, stdout, stderr } = spawnSync('cargo', args, {
    cwd: root,
    env,
    timeout,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  const output = `${stdout ?? ''}${stderr ?? ''}`;
  const note =
    error?.code === 'ETIMEDOUT'
      ? `not done after ${timeout / 1000} s`
      : (error?.message ?? (signal ? `ended by ${signal}` : `exit status ${status}`));
  return { ok: status === 0, output, note };
}

/** @param {string} text @returns {string} its last lines */
const tail = (text) => text.trimEnd().split('\n').slice(-40).join('\n');

const ENGINES = {
  libfuzzer: {
    /** @returns {string} why it cannot be used, or nothing */
    absent() {
      if (!cargo(['+nightly', '--version'], 30_000).ok) return 'there is no nightly toolchain';
      if (!cargo(['+nightly', 'fuzz', '--version'], 30_000).ok) return 'cargo-fuzz is not installed';
      const built = cargo(['+nightly', 'fuzz', 'build', '--features', 'libfuzzer'], BUILD_LIMIT.libfuzzer);
      return built.ok ? '' : `cargo-fuzz did not build (${built.note}):\n${tail(built.output)}`;
    },
    run(target, seconds) {
      const folders = ['corpus', 'seeds'].map((kind) => path.join('fuzz', kind, target));
      fs.mkdirSync(path.join(root, folders[0]), { recursive: true });
      return cargo(
        [
          '+nightly',
          'fuzz',
          'run',
          '--features',
          'libfuzzer',
          target,
          ...folders,
          '--',
          `-max_total_time=${Math.ceil(seconds)}`,
          '-timeout=20',
          '-max_len=4096',
          '-print_final_stats=1',
        ],
        Math.ceil(seconds * 1000) + GRACE,
      );
    },
    cases: /stat::number_of_executed_units: +(\d+)/,
  },
  random: {
    absent() {
      const built = cargo(
        ['build', '--release', '--manifest-path', 'fuzz/Cargo.toml', '--bin', 'smoke'],
        BUILD_LIMIT.random,
      );
      return built.ok ? '' : `it did not build (${built.note}):\n${tail(built.output)}`;
    },
    run(target, seconds) {
      return cargo(
        [
          'run',
          '--quiet',
          '--release',
          '--manifest-path',
          'fuzz/Cargo.toml',
          '--bin',
          'smoke',
          '--',
          target,
          '--seconds',
          String(seconds),
        ],
        Math.ceil(seconds * 1000) + GRACE,
      );
    },
    cases: /: (\d+) cases in/,
  },
};

/** @param {string | undefined} asked @returns {string | undefined} the engine to use */
function choose(asked) {
  for (const name of asked ? [asked] : ['libfuzzer', 'random']) {
    const absent = ENGINES[name].absent();
    if (absent === '') return name;
    console.log(`fuzz: not by the engine \`${name}\`: ${absent}`);
  }
  return undefined;
}

function main() {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, engine: { type: 'string' } } });
  const seconds = Number(values.seconds);
  if (!(seconds > 0) || (values.engine !== undefined && !Object.hasOwn(ENGINES, values.engine))) {
    console.error('usage: node fuzz/smoke.js [--seconds N] [--engine libfuzzer|random]');
    process.exitCode = 2;
    return;
  }
  const name = choose(values.engine);
  const engine = ENGINES[name];
  let passed = 0;
  if (engine) {
    const each = seconds / TARGETS.length;
    console.log(`fuzz: by the engine \`${name}\`, ${seconds} s in all, ${each.toFixed(1)} s for each target`);
    for (const target of TARGETS) {
      const { ok, output, note } = engine.run(target, each);
      const count = Number(engine.cases.exec(output)?.[1] ?? 0);
      if (ok && count > 0) {
        passed += 1;
        // The other engine says by which number its run can be had again.
        const again = /--seed \d+/.exec(output)?.[0] ?? '';
        console.log(`fuzz: ${target.padEnd(16)} held   ${String(count).padStart(9)} cases  ${again}`.trimEnd());
      } else {
        console.log(`fuzz: ${target.padEnd(16)} failed, ${ok ? 'no case ran' : note}\n${tail(output)}`);
      }
    }
  }
  console.log(`${passed} passed, ${TARGETS.length - passed} failed`);
  if (passed < TARGETS.length) process.exitCode = 1;
}

main();
