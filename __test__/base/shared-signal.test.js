'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

const COUNT = 20;

/** The body of a test with one AbortController for all connections, in which nothing may be warned of. */
function shared(body) {
  return async (t) => {
    const controller = new AbortController();
    const warnings = [];
    const hear = (warning) => warnings.push(warning.message);
    process.on('warning', hear);
    t.after(() => process.off('warning', hear));
    const options = { base: { maxConnections: COUNT }, assign: { signal: controller.signal } };
    await served(options, (server) => body(server, controller))(t);
    await new Promise(setImmediate); // a warning is emitted at the end of its tick
    assert.deepEqual(warnings, []);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  };
}

test(
  'one AbortSignal for 20 sockets: no warning, its abort terminates all of them',
  limit,
  shared(async ({ base, events, connectMany }, controller) => {
    const clients = await connectMany(COUNT);
    assert.equal(base.connections, COUNT);
    controller.abort();
    await events.atLeast('close', COUNT);
    assert.deepEqual(
      events
        .list('close')
        .map(([, sid, code]) => [sid, code])
        .sort(),
      clients.map(({ sid }) => [sid, 1006]).sort(),
    );
  }),
);

test(
  'one AbortSignal for 20 sockets: nothing is left on it once they are gone',
  limit,
  shared(async ({ events, connectMany }, controller) => {
    const clients = await connectMany(COUNT);
    for (const client of clients.slice(1)) client.ws.close();
    await events.atLeast('close', COUNT - 1);
    assert.notEqual(getEventListeners(controller.signal, 'abort').length, 0);
    controller.abort(); // for the one that is left
    await events.atLeast('close', COUNT);
    assert.equal(events.list('close').find(([, sid]) => sid === clients[0].sid)[2], 1006);
  }),
);
