'use strict';

// What a `Server` makes of a request, by `createServer` and by `node:http`: if nobody else hears of upgrades, Rust has read it,
// and no socket is made.

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('node:test');
const { hasDoors } = require('../support/attached');
const { decided } = require('../support/decided');
const { ASKS, KEYED, OPTIONS, casesOf, request } = require('../support/requests');
const { limit } = require('../support/server');

/** Those that Rust has read. */
const BY_RUST = [
  'a handshake',
  'names in any case',
  'a list of connection options',
  'white space around values',
  'headers that come twice',
  'bytes beyond ASCII',
  'names of properties',
  'tokens of every sort',
  '64 headers',
  'a head of 16,000 bytes',
  'a target of every sort',
];

for (const [title, bytes] of Object.entries(casesOf(KEYED))) {
  test(title, limit, async (t) => {
    const pieces = [bytes].flat();
    const expected = await decided(t, { create: http.createServer }, pieces);
    assert.equal(expected.isByRust, false);
    const { heard, isByRust } = await decided(t, {}, pieces);
    assert.deepEqual(heard, expected.heard);
    // Pieces may be read together.
    if (pieces.length === 1) assert.equal(isByRust, hasDoors && BY_RUST.includes(title));
  });
}

const PLAIN = request(`${ASKS}${KEYED}A: 1\r\nA: 2\r\nCookie: a=1\r\nCookie: b=2\r\n`);

for (const [title, options, change = {}] of OPTIONS) {
  test(`the option ${title}`, limit, async (t) => {
    const prepare = (httpServer) => Object.assign(httpServer, change);
    const expected = await decided(t, { create: http.createServer, http: options, prepare }, [PLAIN]);
    const { heard, isByRust } = await decided(t, { http: options, prepare }, [PLAIN]);
    assert.deepEqual(heard, expected.heard);
    // It is not what is set, but whether the request has more.
    if (title === 'maxHeadersCount: 64') assert.equal(isByRust, hasDoors);
  });
}
