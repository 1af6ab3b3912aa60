'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const native = require('../../lib/native/native.js');

const file = path.join(__dirname, '..', '..', 'lib', 'native', 'functions.d.ts');

test('lib/native/functions.d.ts has each native function, and no other', () => {
  const [, ...parts] = fs.readFileSync(file, 'utf8').split(/^(?:export )?interface (?=\w+Functions )/m);
  const typed = Object.fromEntries(
    parts.map((part) => [part.split(' ', 1)[0], [...part.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name)]),
  );
  const { SocketFunctions: socket, TrustFunctions: trust, ...others } = typed;
  // A platform without the socket transport lacks its functions, all of them; so one that cannot verify certificates.
  const expected = [
    ...Object.values(others).flat(),
    ...(native.open === undefined ? [] : socket),
    ...(native.openSecured === undefined ? [] : trust),
  ];
  const exported = Object.keys(native).filter((name) => typeof native[name] === 'function' && !name.startsWith('__'));
  assert.deepEqual(exported.sort(), expected.sort());
});
