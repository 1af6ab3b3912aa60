'use strict';

// Which platform a process is of: the process itself tells, whatever else the system has.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { folder } = require('./support/project');
const { interpreterOf } = require('../../lib/native/interpreter');
const { thisPlatform } = require('../../lib/native/platform');

const linux = { skip: process.platform !== 'linux' && 'there is one C library here' };

/** A program for 64 bits with two program headers, the second of which names the interpreter, far behind. */
function program(interpreter) {
  const far = 100_000;
  const bytes = Buffer.alloc(far + interpreter.length + 1);
  bytes.write('\x7fELF\x02\x01', 'latin1');
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  bytes.writeUInt32LE(6, 64);
  bytes.writeUInt32LE(3, 120);
  bytes.writeBigUInt64LE(BigInt(far), 128);
  bytes.writeBigUInt64LE(BigInt(interpreter.length + 1), 152);
  bytes.write(interpreter, far, 'latin1');
  return bytes;
}

/** What a process is taken for that runs the program of this content. */
function platformOf(t, content) {
  const file = path.join(folder(t), 'node');
  fs.writeFileSync(file, content);
  const { execPath } = process;
  t.after(() => (process.execPath = execPath));
  process.execPath = file;
  return thisPlatform();
}

test('the interpreter of a program is found wherever it stands', (t) => {
  const file = path.join(folder(t), 'program');
  for (const name of ['/lib/ld-musl-x86_64.so.1', '/lib64/ld-linux-x86-64.so.2']) {
    fs.writeFileSync(file, program(name));
    assert.equal(interpreterOf(file), name);
  }
});

test('what is no program, or ends early, has none', (t) => {
  const file = path.join(folder(t), 'program');
  const whole = program('/lib/ld-musl-x86_64.so.1');
  for (const length of [0, 3, 63, 64, 100, 121, 170]) {
    fs.writeFileSync(file, whole.subarray(0, length));
    assert.equal(interpreterOf(file), undefined, `${length} bytes`);
  }
  fs.writeFileSync(file, '#!/bin/sh\n'.repeat(100));
  assert.equal(interpreterOf(file), undefined);
  assert.equal(interpreterOf(path.dirname(file)), undefined);
  assert.equal(interpreterOf(`${file}-that-is-not-there`), undefined);
});

test('a Node.js of musl is one, on a system with the ldd of glibc as well', linux, (t) => {
  const { name, text } = platformOf(t, program('/lib/ld-musl-x86_64.so.1'));
  assert.deepEqual([name, text], [`linux-${process.arch}-musl`, `linux ${process.arch} (musl)`]);
});

test('a Node.js of glibc is one, on a system with musl as well', linux, (t) => {
  assert.equal(platformOf(t, program('/lib64/ld-linux-x86-64.so.2')).name, `linux-${process.arch}-gnu`);
});

test('where the program does not tell, the report of the process does', linux, (t) => {
  const { glibcVersionRuntime: version } = process.report.getReport().header;
  const { name, text } = platformOf(t, '#!/bin/sh\n');
  assert.equal(name, `linux-${process.arch}-${version === undefined ? 'musl' : 'gnu'}`);
  assert.equal(text, `linux ${process.arch} (${version === undefined ? 'musl' : `glibc ${version}`})`);
});
