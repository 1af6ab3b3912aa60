'use strict';

const fs = require('node:fs');

/** `PT_INTERP`: the program header that names the interpreter. */
const INTERPRETER = 3;
/** Longer than the path of any. */
const LONGEST = 4096;

/**
 * Reads part of a file.
 *
 * @param {number} file
 * @param {number} position
 * @param {number} length
 * @returns {Buffer} shorter where the file is
 */
function readAt(file, position, length) {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, fs.readSync(file, buffer, 0, length, position));
}

/**
 * Looks through the headers of a program.
 *
 * @param {number} file
 * @returns {string | undefined}
 */
function interpreterIn(file) {
  const header = readAt(file, 0, 64);
  // 64 bits, little-endian: what binaries are published for.
  if (header.length < 64 || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined;
  const [size, count] = [header.readUInt16LE(54), header.readUInt16LE(56)];
  const table = readAt(file, Number(header.readBigUInt64LE(32)), size * count);
  for (let at = 0; size >= 56 && at + size <= table.length; at += size) {
    if (table.readUInt32LE(at) !== INTERPRETER) continue;
    const length = Math.min(Number(table.readBigUInt64LE(at + 32)), LONGEST);
    return readAt(file, Number(table.readBigUInt64LE(at + 8)), length)
      .toString('latin1')
      .replace(/\0.*$/s, '');
  }
  return undefined;
}

/**
 * The interpreter of a program for Linux: it loads the libraries, and so belongs to the C library.
 *
 * @param {string} program
 * @returns {string | undefined} its path, `/lib/ld-musl-x86_64.so.1`; `undefined` if the program names none, or cannot be
 *   read
 */
function interpreterOf(program) {
  let file;
  try {
    file = fs.openSync(program, 'r');
    return interpreterIn(file);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

module.exports = { interpreterOf };
