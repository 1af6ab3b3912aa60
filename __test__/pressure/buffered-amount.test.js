'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');

for (const sid of [null, undefined, [], ['sid']]) {
  test(`bufferedAmount(${JSON.stringify(sid)}) is a TypeError`, () => {
    const base = new Base();
    assert.throws(() => base.bufferedAmount(sid), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /"sid"/,
    });
  });
}
