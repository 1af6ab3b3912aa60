'use strict';

const assert = require('node:assert/strict');
const util = require('node:util');
const { EventEmitter } = require('node:events');
const { test } = require('node:test');
const { Base } = require('../..');
const { limit, served } = require('../support/server');

class Modern extends Base {
  constructor(options) {
    super(options);
    this.modern = true;
  }
}

function OldStyle(options) {
  Base.call(this, options);
  this.old = true;
}
util.inherits(OldStyle, Base);
OldStyle.prototype.shout = function shout(text) {
  return this.send(text.toUpperCase());
};

test('a Base is an EventEmitter, with the defaults of the document', () => {
  const base = new Base();
  assert.ok(base instanceof EventEmitter);
  assert.ok(base instanceof Base);
  assert.equal(base.mask, false);
  assert.equal(base.url.href, 'ws://localhost:3000/');
  assert.equal(base.timeout, 600000);
  assert.equal(base.maxConnections, 10);
  assert.equal(typeof base.extensions, 'object');
  assert.equal(base.connections, 0);
  assert.deepEqual({ ...base.sockets }, {});
  assert.deepEqual([...base.socketsHistory], []);
});

test('options that are undefined are options that are not there', () => {
  const base = new Base({ mask: undefined, url: undefined, timeout: undefined, maxConnections: undefined });
  assert.equal(base.mask, false);
  assert.equal(base.url.href, 'ws://localhost:3000/');
  assert.equal(base.timeout, 600000);
  assert.equal(base.maxConnections, 10);
  assert.equal(new Base(undefined).timeout, 600000);
});

test('options overwrite the defaults', () => {
  const base = new Base({ mask: true, timeout: 5, maxConnections: Infinity });
  assert.equal(base.mask, true);
  assert.equal(base.timeout, 5);
  assert.equal(base.maxConnections, Infinity);
});

for (const [name, Class, mark] of [
  ['class extends', Modern, 'modern'],
  ['util.inherits', OldStyle, 'old'],
]) {
  test(
    `a subclass by ${name} has its own constructor and all of Base`,
    limit,
    served({ Class, base: { maxConnections: 3 } }, async ({ base, connect, events }) => {
      assert.ok(base instanceof Class);
      assert.ok(base instanceof Base);
      assert.ok(base instanceof EventEmitter);
      assert.equal(base[mark], true);
      assert.equal(base.maxConnections, 3);
      const client = await connect();
      await client.send('hello');
      assert.deepEqual(await events.next('message'), ['hello', client.sid]);
      base.send(client.sid, 'hi');
      assert.equal(await client.message(), 'hi');
    }),
  );
}

test(
  'methods that an old-style subclass adds work on the inherited ones',
  limit,
  served({ Class: OldStyle }, async ({ base, connect }) => {
    const client = await connect();
    assert.equal(base.shout('loud'), base);
    assert.equal(await client.message(), 'LOUD');
  }),
);

test(
  'two instances share nothing',
  limit,
  served({}, async ({ base, connect }) => {
    const other = new Base();
    await connect();
    other.maxConnections = 1;
    other.extensions.mine = {};
    assert.equal(other.connections, 0);
    assert.equal(base.connections, 1);
    assert.equal(base.maxConnections, 10);
    assert.equal(base.extensions.mine, undefined);
  }),
);
