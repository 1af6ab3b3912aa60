'use strict';

// What is of `websockets/ws` is given to libraries that are typed by `@types/ws`, in TypeScript.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { test } = require('node:test');
const root = require('../../../scripts/lib/root');

/** The project's compiler: one of the libraries has brought its own. */
const TSC = require.resolve('typescript/bin/tsc', { paths: [root] });

/** @param {...string} more options of tsc @returns {{ status: number | null, output: string }} */
function compile(...more) {
  const args = [TSC, '--project', __dirname, '--pretty', 'false', ...more];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

test('graphql-ws, tRPC and Fastify take it, once paths says what ws is', { timeout: 300_000 }, () => {
  assert.deepEqual(compile(), { status: 0, output: '' });
});

test('without that they ask for the types of ws', { timeout: 300_000 }, () => {
  const { status, output } = compile('--paths', 'null');
  assert.notEqual(status, 0);
  const refused = output.match(/^\S+typed\.ts\(\d+,\d+\)/gm) ?? [];
  assert.equal(refused.length, 3, output);
});
