'use strict';

const assert = require('node:assert/strict');
const { createHash, randomBytes } = require('node:crypto');
const { test } = require('node:test');
const { acceptKey } = require('../..');

test('the key of RFC 6455 §1.3', () => {
  assert.equal(acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test("the same as Node's own hash makes of it", () => {
  for (let i = 0; i < 100; i++) {
    const key = randomBytes(16).toString('base64');
    const expected = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    assert.equal(acceptKey(key), expected);
  }
});

test('a key that is no string is a TypeError', () => {
  for (const key of [undefined, null, 5, {}, Buffer.from('dGhlIHNhbXBsZSBub25jZQ==')]) {
    assert.throws(() => acceptKey(key), TypeError);
  }
  assert.throws(() => acceptKey(), TypeError);
});
