'use strict';

// node scripts/glibc.js BINARY [VERSION]
//
// The newest glibc that a binary for Linux asks for: with VERSION it fails where that is newer.

const fs = require('node:fs');

const [, , file, allowed] = process.argv;
if (file === undefined) {
  console.error('node scripts/glibc.js BINARY [VERSION]');
  process.exit(2);
}

/** 2.9 is older than 2.17. */
const compare = (a, b) => {
  const [[a1, a2], [b1, b2]] = [a, b].map((version) => version.split('.').map(Number));
  return a1 - b1 || a2 - b2;
};

// The names of the versions that symbols are bound to stand in the dynamic string table, as they are.
const names = fs.readFileSync(file, 'latin1').matchAll(/(?<=\0)GLIBC_(\d+\.\d+)(?:\.\d+)?(?=\0)/g);
const newest = [...names]
  .map(([, version]) => version)
  .sort(compare)
  .at(-1);
console.log(newest === undefined ? `${file} asks for no glibc` : `${file} asks for glibc ${newest}`);
if (allowed !== undefined && (newest === undefined || compare(newest, allowed) > 0)) {
  console.error(`it must not ask for more than glibc ${allowed}`);
  process.exitCode = 1;
}
