'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');

const TYPE = 'ERR_INVALID_ARG_TYPE';
const RANGE = 'ERR_OUT_OF_RANGE';

/** option, what is not accepted, and how that is said */
const REFUSED = [
  ['mask', 'yes', TYPE],
  ['mask', 1, TYPE],
  ['enforceMasking', 'no', TYPE],
  ['enforceMasking', 0, TYPE],
  ['url', 3000, TYPE],
  ['url', true, TYPE],
  ['timeout', '600000', TYPE],
  ['timeout', {}, TYPE],
  ['timeout', -1, RANGE],
  ['timeout', NaN, RANGE],
  ['maxConnections', '10', TYPE],
  ['maxConnections', true, TYPE],
  ['maxConnections', -1, RANGE],
  ['maxConnections', 1.5, RANGE],
  ['maxConnections', NaN, RANGE],
  ['maxPayload', '1mb', TYPE],
  ['maxPayload', -1, RANGE],
  ['maxPayload', 1.5, RANGE],
  ['maxPayload', NaN, RANGE],
  ['maxFragments', [], TYPE],
  ['maxFragments', -1, RANGE],
  ['maxFragments', NaN, RANGE],
  ['maxControlFrames', '10', TYPE],
  ['maxControlFrames', 0, RANGE],
  ['maxControlFrames', 1.5, RANGE],
  ['maxControlFrames', 1_000_001, RANGE],
  ['maxControlFrames', NaN, RANGE],
  ['maxBufferedAmount', '64', TYPE],
  ['maxBufferedAmount', -1, RANGE],
  ['maxBufferedAmount', NaN, RANGE],
  ['fragment', '32', TYPE],
  ['fragment', 0, RANGE],
  ['fragment', NaN, RANGE],
  ['closeTimeout', '5s', TYPE],
  ['closeTimeout', -1, RANGE],
  ['closeTimeout', NaN, RANGE],
  ['pingInterval', false, TYPE],
  ['pingInterval', -1, RANGE],
  ['pingInterval', NaN, RANGE],
];

for (const [name, value, code] of REFUSED) {
  const shown = typeof value === 'string' ? `'${value}'` : String(value) || JSON.stringify(value);
  test(`${name}: ${shown} is refused with ${code}`, () => {
    const Kind = code === TYPE ? TypeError : RangeError;
    assert.throws(
      () => new Base({ [name]: value }),
      (error) => {
        assert.ok(error instanceof Kind, `${error.name} is a ${Kind.name}`);
        assert.equal(error.code, code);
        assert.ok(error.message.includes(name), `'${error.message}' names ${name}`);
        return true;
      },
    );
  });
}

for (const options of [5, 'ws://localhost', true]) {
  test(`options that are ${JSON.stringify(options)} are refused`, () => {
    assert.throws(() => new Base(options), { name: 'TypeError', code: TYPE, message: /options/ });
  });
}

test('nothing is half-constructed: Base.call on a refused option leaves no state behind', () => {
  const target = Object.create(Base.prototype);
  assert.throws(() => Base.call(target, { timeout: -1 }), { code: RANGE });
  assert.deepEqual(Reflect.ownKeys(target), []);
});

test('perMessageDeflate is a boolean, or an object of settings that are each checked', () => {
  for (const perMessageDeflate of [
    true,
    false,
    {},
    { threshold: 0, level: 9, serverMaxWindowBits: 8 },
    { memoryLimit: Infinity },
  ]) {
    assert.equal(new Base({ perMessageDeflate }).connections, 0);
  }
  for (const perMessageDeflate of [1, 'on', null, [], { level: '1' }, { clientNoContextTakeover: 1 }]) {
    assert.throws(() => new Base({ perMessageDeflate }), {
      name: 'TypeError',
      code: TYPE,
      message: /perMessageDeflate/,
    });
  }
  for (const [name, value] of [
    ['level', 10],
    ['level', -1],
    ['threshold', 1.5],
    ['serverMaxWindowBits', 7],
    ['clientMaxWindowBits', 16],
  ]) {
    assert.throws(() => new Base({ perMessageDeflate: { [name]: value } }), {
      name: 'RangeError',
      code: RANGE,
      message: new RegExp(`perMessageDeflate.${name}`),
    });
  }
});

test('url is a parsed URL with a slash at its end', () => {
  const { url } = new Base({ url: 'ws://example.com:467/grinch' });
  const { href, protocol, hostname, port, pathname, path } = url;
  assert.deepEqual(
    { href, protocol, hostname, port, pathname, path },
    {
      href: 'ws://example.com:467/grinch/',
      protocol: 'ws:',
      hostname: 'example.com',
      port: '467',
      pathname: '/grinch/',
      path: '/grinch/',
    },
  );
});

test('a url that ends with a slash keeps one', () => {
  assert.equal(new Base({ url: 'wss://example.com/a/' }).url.href, 'wss://example.com/a/');
  assert.equal(new Base({ url: 'ws://example.com' }).url.href, 'ws://example.com/');
});

test('the path of a url is its pathname and its search', () => {
  const { url } = new Base({ url: 'ws://example.com/room/?name=a%20b' });
  assert.equal(url.pathname, '/room/');
  assert.equal(url.path, '/room/?name=a%20b');
});

test('a url that cannot be parsed is refused', () => {
  assert.throws(
    () => new Base({ url: 'nowhere' }),
    (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.code, /^ERR_INVALID_/);
      return true;
    },
  );
});
