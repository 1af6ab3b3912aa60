'use strict';

// extension and subprotocol: the lists of two headers.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { extension, subprotocol } = require('../../ws.js');

/** Objects that have no prototype, as JSON. */
const plain = (value) => JSON.parse(JSON.stringify(value));

test('extensions with parameters, quoted ones too, are read by name', () => {
  assert.deepEqual(plain(extension.parse('foo;bar;baz=1;bar="2",foo;\tqux , other')), {
    foo: [{ bar: [true, '2'], baz: ['1'] }, { qux: [true] }],
    other: [{}],
  });
  assert.deepEqual(plain(extension.parse('a;b="x\\y"')), { a: [{ b: ['xy'] }] });
  assert.equal(Object.getPrototypeOf(extension.parse('hasOwnProperty')), null);
});

test('what is wrong with a list is said with its place', () => {
  for (const [header, at] of [
    [',', 0],
    [' foo', 0],
    ['foo,,', 4],
    ['foo;bar=""', 9],
    ['foo;bar="b@z"', 10],
    ['f oo', 2],
  ]) {
    assert.throws(() => extension.parse(header), new SyntaxError(`Unexpected character at index ${at}`), header);
  }
  for (const header of ['', 'foo,', 'foo;', 'foo ', 'foo;bar="baz', 'foo;bar="1\\']) {
    assert.throws(() => extension.parse(header), new SyntaxError('Unexpected end of input'), header);
  }
});

test('format() is the reverse', () => {
  assert.equal(
    extension.format({ foo: [{}, { bar: [true, 2], baz: 1 }], qux: {} }),
    'foo, foo; bar; bar=2; baz=1, qux',
  );
});

test('subprotocols are a Set, each of them once', () => {
  assert.deepEqual([...subprotocol.parse('a, b\t,c')], ['a', 'b', 'c']);
  assert.throws(() => subprotocol.parse('a,b,a'), new SyntaxError('The "a" subprotocol is duplicated'));
  assert.throws(() => subprotocol.parse('a,'), new SyntaxError('Unexpected end of input'));
  assert.throws(() => subprotocol.parse('a@'), new SyntaxError('Unexpected character at index 1'));
});
