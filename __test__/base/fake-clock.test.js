'use strict';

// A test of the app's fakes time, as Jest does: on the `process` that its modules see, and on the globals.

const assert = require('node:assert/strict');
const Module = require('node:module');
const { test } = require('node:test');
const path = require('node:path');
const { DRIVEN_BY, TestServer, limit } = require('../support/server');

const LIB = path.join(__dirname, '..', '..', path.sep);
const FAKED = ['setTimeout', 'setImmediate', 'setInterval', 'clearTimeout'];

/** A function that is never run, as `@sinonjs/fake-timers` leaves it: what it has replaced is found at its clock. */
const fake = (name, real) => Object.assign(() => assert.fail(`${name} was called`), { clock: { [`_${name}`]: real } });

/** Replaces them, and has that undone when the test ends. */
function install(t) {
  for (const [target, names] of [
    [globalThis, FAKED],
    [globalThis.sandboxed, ['nextTick']],
  ]) {
    for (const name of names) {
      const real = target[name];
      target[name] = fake(name, real);
      t.after(() => (target[name] = real));
    }
  }
}

/** @returns {() => object} loads a fresh copy of the module, whose `process` is one of its own */
function load(t) {
  globalThis.sandboxed = Object.create(process, { nextTick: { value: process.nextTick, writable: true } });
  const [before] = Module.wrapper;
  Module.wrapper[0] = `${before}const process = globalThis.sandboxed;`;
  t.after(() => (Module.wrapper[0] = before));
  return () => {
    for (const name of Object.keys(require.cache)) {
      if (name.startsWith(LIB) && !name.includes('node_modules') && !name.endsWith('.node')) delete require.cache[name];
    }
    const loaded = require('../..');
    Module.wrapper[0] = before;
    return loaded;
  };
}

for (const when of ['before', 'after']) {
  test(`loaded ${when} time is faked`, {
    ...limit,
    skip: DRIVEN_BY !== 'socket' && 'of the socket transport',
  }, async (t) => {
    const copy = load(t);
    const steps = [copy, () => install(t)];
    const done = (when === 'before' ? steps : steps.reverse()).map((step) => step());
    const { Base } = done.find((one) => one !== undefined);
    const server = await new TestServer({ Class: Base }).listen();
    const { base, events } = server;
    base.on('message', (text, sid) => base.send(sid, text));
    const client = await server.raw();
    for (const text of ['one', 'two']) {
      await client.text(text);
      assert.equal(await client.said(), text);
    }
    base.pause(client.sid);
    await client.text('held');
    base.resume(client.sid);
    assert.equal(await client.said(), 'held');
    base.close(client.sid);
    await client.close(1000);
    await events.next('close');
    await server.stop();
  });
}
