'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { CLOSE } = require('../support/frames');
const { limit, served } = require('../support/server');

/** How a connection ends, by whose doing. */
const ENDS = {
  'close()': ({ base, client }) => base.close(client.sid),
  'terminate()': ({ base, client }) => base.terminate(client.sid),
  'the peer closes': ({ client }) => client.close(1000),
  'the peer breaks a rule': ({ client }) => client.send({ opcode: 3, payload: '' }),
  'the peer is gone': ({ client }) => client.destroy(),
};

for (const [how, end] of Object.entries(ENDS)) {
  test(
    `${how}: a connection is out of its topics by its close event, and others are not`,
    limit,
    served({}, async ({ base, events, raw }) => {
      const [client, other] = [await raw(), await raw()];
      base.subscribe(null, ['a', 'b']).subscribe(client.sid, 'alone');
      const connection = base.sockets[client.sid];
      const seen = [];
      base.on('close', () => {
        connection.subscribe('c');
        seen.push(base.topics(client.sid), connection.topics, base.subscribers('a'), base.topics());
        seen.push(base.publish('a', 'x'), base.publish('alone', 'x'));
      });
      end({ base, client });
      await events.next('close');
      assert.deepEqual(seen, [[], [], [other.sid], ['a', 'b'], 1, 0]);
      assert.equal(await other.said(), 'x');
      const { topics, subscriptions } = base.stats();
      assert.deepEqual([topics, subscriptions], [2, 2]);
    }),
  );
}

test(
  'from close() on nothing is published to a connection, and all before that is',
  limit,
  served({}, async ({ base, raw }) => {
    const client = await raw();
    base.subscribe(client.sid, 't');
    assert.equal(base.publish('t', 'before'), 1);
    base.close(client.sid);
    assert.deepEqual(base.topics(), []);
    assert.equal(base.publish('t', 'after'), 0);
    assert.equal(await client.said(), 'before');
    assert.equal((await client.frame()).opcode, CLOSE);
    await client.close(1000);
    await client.ended();
    assert.equal(client.frames.length, 2);
  }),
);

test(
  'publish, send and close of one tick keep their order for each connection',
  limit,
  served({}, async ({ base, raw }) => {
    const clients = [await raw(), await raw(), await raw()];
    base.subscribe(null, ['a', 'b']);
    const expected = clients.map(() => []);
    for (let i = 0; i < 300; i++) {
      const { sid } = clients[i % 3];
      const text = `${i}`;
      if (i % 4 === 0) base.publish('a', text);
      if (i % 4 === 1) base.send(sid, text);
      if (i % 4 === 2) base.publish('b', text, { except: sid });
      if (i % 4 === 3) base.send(null, text, { except: [sid] });
      for (const [j, texts] of expected.entries()) {
        const isIts = j === i % 3;
        if (i % 4 === 0 || (i % 4 === 1) === isIts) texts.push(text);
      }
    }
    base.close(null, 1000, 'end');
    for (const [j, client] of clients.entries()) {
      await client.inbox.atLeast('frame', expected[j].length + 1);
      const got = client.frames.slice(0, -1).map(({ payload }) => payload.toString());
      assert.deepEqual(got, expected[j]);
      assert.deepEqual(client.frames.at(-1).opcode, CLOSE);
    }
  }),
);

test(
  'a connection that is closed while it is paused has left at once',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.subscribe(client.sid, 't').pause(client.sid);
    await client.text('held');
    base.close(client.sid);
    assert.deepEqual([base.topics(), base.publish('t', 'x')], [[], 0]);
    await client.frame();
    await client.close(1000);
    await events.next('close');
  }),
);

test(
  'what a lost peer said before may subscribe it still, and it is out of that by its close event',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.subscribe(client.sid, 't');
    base.on('message', (text, sid) => {
      if (text === 'pause') base.pause(sid);
      else base.subscribe(sid, ['t', 'again']).publish('again', 'x');
    });
    await client.text('pause');
    await client.text('held');
    await events.next('message');
    client.socket.resetAndDestroy();
    await events.next('close');
    assert.deepEqual(events.list('message').length, 2);
    assert.deepEqual([base.topics(), base.stats().subscriptions], [[], 0]);
  }),
);
