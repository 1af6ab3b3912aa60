'use strict';

// node bench/micro/table.js [--instructions]
//
// Tables of the last `cargo bench` in this folder: the least of criterion's samples, and, with the flag, the
// instructions of each case as cachegrind counts them, which what runs beside it does not change.

const { execFileSync } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

const LIBRARIES = ['websockets', 'tungstenite', 'fastwebsockets'];
const target = path.join(__dirname, 'target');
const repeat = path.join(target, 'release', 'repeat');

/** @typedef {{ number: number, work: string, size: string, library: string }} Case */

/** @returns {Case[]} */
function cases() {
  execFileSync('cargo', ['build', '--release', '--quiet', '--manifest-path', path.join(__dirname, 'Cargo.toml')], {
    stdio: 'inherit',
  });
  const lines = execFileSync(repeat, { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line, number) => {
    const [work, size, library] = line.split('\t');
    return { number, work, size, library };
  });
}

/**
 * @param {Case} one
 * @returns {number | undefined} nanoseconds
 */
function least({ work, size, library }) {
  const file = path.join(target, 'criterion', `${work}, ${size}`, library, 'new', 'sample.json');
  if (!existsSync(file)) return undefined;
  const { iters, times } = JSON.parse(readFileSync(file, 'utf8'));
  return Math.min(...times.map((time, index) => time / iters[index]));
}

/**
 * @param {Case} one
 * @param {string} folder
 * @returns {number} instructions of one time: of two runs, so that what a process begins with is not in it
 */
function instructions({ number, size }, folder) {
  const times = { '16 B': 4000, '1 KiB': 1000, '64 KiB': 40 }[size];
  const count = (n) => {
    const file = path.join(folder, 'out');
    execFileSync(
      'valgrind',
      ['--tool=cachegrind', '--cache-sim=no', `--cachegrind-out-file=${file}`, repeat, String(number), String(n)],
      { stdio: 'ignore' },
    );
    return Number(/^summary: (\d+)/m.exec(readFileSync(file, 'utf8'))[1]);
  };
  return (count(2 * times) - count(times)) / times;
}

/**
 * @param {string} title
 * @param {Case[]} all
 * @param {(one: Case) => number | undefined} measure
 */
function print(title, all, measure) {
  const rows = new Map();
  for (const one of all) {
    const name = `${one.work}, ${one.size}`;
    if (!rows.has(name)) rows.set(name, {});
    rows.get(name)[one.library] = measure(one);
  }
  const shown = (value) =>
    value === undefined ? '' : value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString('en');
  console.log(`\n| ${title} | ${LIBRARIES.join(' | ')} | ÷ the better |\n|---|--:|--:|--:|--:|`);
  for (const [name, row] of rows) {
    const better = Math.min(...LIBRARIES.slice(1).map((library) => row[library] ?? Infinity));
    const cells = [...LIBRARIES.map((library) => shown(row[library])), (row.websockets / better).toFixed(2)];
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

const all = cases();
print('ns', all, least);
if (process.argv.includes('--instructions')) {
  const folder = mkdtempSync(path.join(tmpdir(), 'micro-'));
  try {
    print('instructions', all, (one) => instructions(one, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
