'use strict';

// What `jest --detectOpenHandles` sees: asynchronous resources that say that they keep the process alive, and those that
// cannot say.

const assert = require('node:assert/strict');
const { createHook } = require('node:async_hooks');
const { test } = require('node:test');

const { bun, deno } = process.versions;
/** Those that have been made and have not been destroyed. @type {Map<number, { type: string, resource: object }>} */
const handles = new Map();
const hook = createHook({
  init: (id, type, _trigger, resource) => handles.set(id, { type, resource }),
  destroy: (id) => handles.delete(id),
}).enable();
const { limit, served } = require('../support/server');

/** @returns {string[]} the types of ours that count as open */
function open() {
  const ours = [...handles.values()].filter(({ type }) => /^websockets?$/i.test(type));
  return ours.filter(({ resource }) => resource.hasRef?.() ?? true).map(({ type }) => type);
}

test('the module keeps nothing open but connections', {
  ...limit,
  skip: (bun ?? deno) !== undefined && 'this runtime calls no hooks',
}, async (t) => {
  t.after(() => hook.disable());
  assert.deepEqual(open(), [], 'it is loaded');
  await served({}, async ({ base, raw, events, carrier }) => {
    const client = await raw();
    const expected = carrier === 'socket' ? ['WEBSOCKET', 'websockets'] : ['WEBSOCKET'];
    assert.deepEqual(open().sort(), expected);
    base.terminate(client.sid);
    await events.next('close');
  })(t);
  while (open().length > 0) await new Promise(setImmediate);
});
