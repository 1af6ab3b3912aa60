'use strict';

// What a request is, by `createServer` and by `node:http`: neither differs, whoever of Rust and Node.js reads it.

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('node:test');
const { createServer } = require('../..');
const { heard } = require('../support/heard');
const { ASKS, KEYED, OPTIONS, casesOf, request } = require('../support/requests');
const { limit } = require('../support/server');

const CASES = { ...casesOf(''), 'a whole handshake': request(ASKS + KEYED) };

for (const [title, bytes] of Object.entries(CASES)) {
  test(title, limit, async (t) => {
    const pieces = [bytes].flat();
    const expected = await heard(t, http.createServer(), pieces);
    assert.deepEqual(await heard(t, createServer(), pieces), expected);
  });
}

const TWICE = request(`${ASKS}A: 1\r\nA: 2\r\nOrigin: a\r\nOrigin: b\r\n`);

for (const [title, options, change = {}] of OPTIONS) {
  test(`the option ${title}`, limit, async (t) => {
    const [byNode, ours] = [http.createServer, createServer].map((create) => {
      const server = Object.assign(create(options), change);
      const classes = [];
      server.on('upgrade', (req) => classes.push(req.constructor));
      return { server, classes };
    });
    const expected = await heard(t, byNode.server, [TWICE]);
    assert.deepEqual(await heard(t, ours.server, [TWICE]), expected);
    assert.deepEqual(ours.classes, byNode.classes);
  });
}

test('every cut of a handshake', limit, async (t) => {
  const whole = request(`${ASKS}A: b\r\n`);
  const expected = await heard(t, http.createServer(), [whole]);
  assert.equal(expected.events[0][0], 'upgrade');
  for (let cut = 1; cut < whole.length; cut++) {
    const pieces = [whole.slice(0, cut), whole.slice(cut)];
    assert.deepEqual(await heard(t, createServer(), pieces), expected, `after ${cut} bytes`);
  }
});
