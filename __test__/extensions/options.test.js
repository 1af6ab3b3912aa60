'use strict';

// Which extensions are on, by `base.extensions` and the `extensions` option.

const assert = require('node:assert/strict');
const { Base } = require('../..');
const { LoopBack, OldStream, listen, test } = require('../support/streams');
const { appending, extended, passing } = require('../support/extended');

for (const [asked, expected] of [
  [undefined, []],
  [null, []],
  [[], []],
  ['', []],
  [' , ,', []],
  [['x-a'], ['x-a']],
  ['x-a', ['x-a']],
  ['x-b, x-a', ['x-b', 'x-a']],
  ['x-b,x-a', ['x-b', 'x-a']],
  [
    ['x-a; level=9', 'x-b ; k="v"'],
    ['x-a', 'x-b'],
  ],
  ['x-a; level="9"; y, x-b;z=1', ['x-a', 'x-b']],
  ['x-a; odd="\\9", x-b', ['x-a', 'x-b']],
  ['\tx-a\t,\tx-b', ['x-a', 'x-b']],
]) {
  test(`extensions ${JSON.stringify(asked)} are ${JSON.stringify(expected)}`, () => {
    const { base, sid } = extended({ 'x-a': passing(), 'x-b': passing() }, { assign: { extensions: asked } });
    assert.deepEqual(base.sockets[sid].extensions, expected);
    base.terminate(sid);
  });
}

/** Asserts that nothing changed: the same socket can be assigned afterwards. */
function refused(known, asked, expected) {
  const base = new Base({ maxConnections: 1 });
  base.extensions = known;
  const oldest = base.assignSocket(new LoopBack());
  const events = listen(base);
  const stream = new OldStream();
  stream.write = () => assert.fail('nothing may be written');
  const before = stream.eventNames();
  assert.throws(() => base.assignSocket(stream, { extensions: asked }), expected);
  assert.deepEqual(stream.eventNames(), before);
  assert.deepEqual([...base.socketsHistory], [oldest], 'nobody was evicted');
  assert.deepEqual(events.all, []);
  delete stream.write;
  base.assignSocket(stream);
}

for (const asked of [
  ['x-unknown'],
  'x-unknown',
  ['x-a', 'x-unknown'],
  'x-a, x-unknown; p',
  ['X-A'],
  ['__proto__'],
  ['constructor'],
  ['toString'],
  'hasOwnProperty',
  ['valueOf; x=1'],
]) {
  test(`${JSON.stringify(asked)} is a TypeError that names it, before anything changed`, () => {
    const wrong = [asked]
      .flat()
      .join(',')
      .split(/[,;]/)
      .map((name) => name.trim())
      .find((name) => name !== 'x-a');
    refused(
      { 'x-a': passing() },
      asked,
      (error) => error instanceof TypeError && error.code === 'ERR_INVALID_ARG_TYPE' && error.message.includes(wrong),
    );
  });
}

for (const asked of [
  [''],
  [' '],
  ['x a'],
  ['x/a'],
  ['x-a,x-a'],
  [';x=1'],
  [5],
  [null],
  [undefined],
  [['x-a']],
  [{ name: 'x-a' }],
  'x-a, "x"',
  'x-a; list="b, c"',
  'x-a; p="',
  'x-a; p=',
  5,
  {},
  true,
  () => {},
]) {
  test(`${JSON.stringify(asked) ?? asked} is no extension: a TypeError`, () => {
    refused({ 'x-a': passing() }, asked, { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  });
}

for (const [what, value] of [
  ['null', null],
  ['undefined', undefined],
  ['a number', 5],
  ['nothing in it', {}],
  ['read that is no function', { read: 'x' }],
  ['write that is no function', { read() {}, write: {} }],
  ['a null read', { read: null, write() {} }],
]) {
  test(`an entry of base.extensions with ${what} is a TypeError when it is asked for`, () => {
    refused({ 'x-a': value }, ['x-a'], { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message: /x-a/ });
  });
}

test('own properties with odd names are extensions like any other', () => {
  const known = Object.create(null);
  for (const name of ['__proto__', 'constructor', 'toString']) known[name] = appending(name);
  const { base, stream } = extended(known, { on: ['constructor', '__proto__'] });
  base.send('.');
  assert.deepEqual(stream.texts, ['.constructor__proto__']);
});

test('inherited ones are none', () => {
  refused(Object.create({ 'x-a': passing() }), ['x-a'], { name: 'TypeError' });
});

test('an extension that is an instance of a class has its methods by inheritance', () => {
  class Tap {
    read(next) {
      next();
    }

    write(next, frame) {
      next(null, Object.assign(frame, { content: 'class' }));
    }
  }
  const { base, stream } = extended({ 'x-a': new Tap() });
  base.send('.');
  assert.deepEqual(stream.texts, ['class']);
});

test('one of that name may be brought along', () => {
  const { base, stream } = extended(
    { 'permessage-deflate': appending('!') },
    { on: 'permessage-deflate; client_max_window_bits' },
  );
  base.send('mine');
  assert.deepEqual(stream.texts, ['mine!']);
});

test('base.extensions that are replaced, or changed, hold for later sockets only', () => {
  const { base, stream } = extended({ 'x-a': appending('old') });
  base.extensions['x-a'].write = appending('changed').write;
  base.send('.');
  base.extensions = { 'x-a': appending('new') };
  const later = new OldStream();
  base.assignSocket(later, { extensions: ['x-a'] });
  base.send('.');
  assert.deepEqual(stream.texts, ['.old', '.old']);
  assert.deepEqual(later.texts, ['.new']);
  delete base.extensions['x-a'];
  assert.throws(() => base.assignSocket(new OldStream(), { extensions: ['x-a'] }), TypeError);
  base.send('.');
  assert.deepEqual([stream.texts.length, later.texts.length], [3, 2]);
});

test('base.extensions is an empty object at first, of each Base its own, and takes objects only', () => {
  const base = new Base();
  assert.deepEqual(base.extensions, {});
  assert.notEqual(base.extensions, new Base().extensions);
  for (const value of [null, undefined, 5, 'x-a', [], () => {}]) {
    assert.throws(() => (base.extensions = value), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  }
  base.extensions['x-a'] = appending('A');
  const stream = new OldStream();
  base.assignSocket(stream, { extensions: ['x-a'] });
  base.send('.');
  assert.deepEqual(stream.texts, ['.A']);
});
