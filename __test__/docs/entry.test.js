'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const websockets = require('../..');
const { run } = require('../support/child');
const { limit } = require('../support/server');

test('the package is what it says', () => {
  assert.deepEqual(Object.keys(websockets).sort(), [
    'Base',
    'Client',
    'Frame',
    'Server',
    'Upgrade',
    'acceptKey',
    'createSecureContext',
    'createSecureServer',
    'createServer',
    'setLeader',
  ]);
});

test('each of them can be imported by name', async () => {
  const imported = await import('../../index.js');
  for (const [name, value] of Object.entries(websockets)) assert.equal(imported[name], value);
});

test("import { Base } from 'websockets' and require('websockets') give the same", limit, async (t) => {
  const child = run(t, 'import.mjs');
  assert.deepEqual(await child.says(), ['imported', 3, 'function', true]);
  assert.deepEqual(await child.exited, { code: 0, signal: null });
});

test('websockets/engine.io has the wsEngine, for require and import', async () => {
  const { Server } = require('websockets/engine.io');
  assert.equal((await import('websockets/engine.io')).Server, Server);
  assert.deepEqual(Object.keys(require('websockets/engine.io')), ['Server']);
});
