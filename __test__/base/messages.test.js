'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { test } = require('node:test');
const { BINARY, TEXT, encode } = require('../support/frames');
const { limit, served } = require('../support/server');
const { whileOthersTalk } = require('../support/talk');

/** `count` numbered messages in one write. */
function numbered(count) {
  return Buffer.concat(Array.from({ length: count }, (_, i) => encode({ opcode: TEXT, payload: String(i) })));
}

const strings = (count) => Array.from({ length: count }, (_, i) => String(i));

test(
  'for await takes the text messages of all, with their sids; break lets go',
  limit,
  served({}, async ({ base, connectMany }) => {
    const [one, two] = await connectMany(2);
    const listeners = () => base.eventNames().map((name) => base.listenerCount(name));
    const before = listeners();
    const taken = [];
    const done = (async () => {
      for await (const [text, sid] of base.messages()) {
        taken.push([text, sid]);
        if (taken.length === 2) break;
        two.send('second');
      }
    })();
    await one.send(Buffer.from('binary'));
    await one.send('first');
    await done;
    assert.deepEqual(taken, [
      ['first', one.sid],
      ['second', two.sid],
    ]);
    assert.deepEqual(listeners(), before);
  }),
);

test(
  'with { binary: true } binary messages come as well, as Buffers, in order',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    const messages = base.messages({ binary: true });
    for (const data of ['text', Buffer.from([1, 2]), '']) client.send(data);
    assert.deepEqual((await messages.next()).value, ['text', client.sid]);
    assert.deepEqual((await messages.next()).value, [Buffer.from([1, 2]), client.sid]);
    assert.deepEqual((await messages.next()).value, ['', client.sid]);
    await messages.return();
  }),
);

test(
  'it has every message from the call on, and events go on as ever',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    const messages = base.messages();
    await client.send('a');
    await client.send('b');
    await events.atLeast('message', 2);
    assert.deepEqual((await messages.next()).value[0], 'a');
    const [b, c] = [messages.next(), messages.next()];
    await client.send('c');
    assert.deepEqual([(await b).value[0], (await c).value[0]], ['b', 'c']);
    await messages.return();
    assert.deepEqual(await messages.next(), { value: undefined, done: true });
  }),
);

test(
  'with a sid: its messages alone, and the end of the connection ends it',
  limit,
  served({}, async ({ base, connectMany }) => {
    const [one, two] = await connectMany(2);
    const messages = base.messages({ sid: one.sid });
    await two.send('not for it');
    await one.send('a');
    await one.send('b');
    one.ws.close();
    const taken = [];
    for await (const [text] of messages) taken.push(text);
    assert.deepEqual(taken, ['a', 'b']);
  }),
);

test(
  'with several sids it ends with the last of them; with none that is open, at once',
  limit,
  served({}, async ({ base, connectMany }) => {
    const [one, two] = await connectMany(2);
    const messages = base.messages({ sid: [one.sid, two.sid, 'unknown'] });
    one.ws.close();
    await one.closed();
    await two.send('still here');
    assert.deepEqual((await messages.next()).value, ['still here', two.sid]);
    const end = messages.next();
    two.destroy();
    assert.equal((await end).done, true);
    for (const sid of [one.sid, [], ['unknown']]) assert.equal((await base.messages({ sid }).next()).done, true);
  }),
);

test(
  'an iterator for each connection costs no listener, and no warning',
  limit,
  served({ base: { maxConnections: 30 } }, async ({ base, connectMany }) => {
    const warnings = [];
    const hear = (warning) => warnings.push(warning.message);
    process.on('warning', hear);
    const count = base.listenerCount('message');
    base.on('open', async (sid) => {
      for await (const [text] of base.messages({ sid })) base.send(sid, `echo ${text}`);
    });
    const clients = await connectMany(30);
    assert.equal(base.listenerCount('message'), count);
    for (const client of clients) client.send(client.sid);
    for (const client of clients) assert.equal(await client.message(), `echo ${client.sid}`);
    process.off('warning', hear);
    assert.deepEqual(warnings, []);
  }),
);

test(
  'a signal: what has come is taken, then AbortError, with its reason; nothing is left behind',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    const controller = new AbortController();
    const { signal } = controller;
    const full = base.messages({ signal });
    await client.send('before');
    await events.next('message');
    const empty = base.messages({ signal });
    const next = empty.next();
    const reason = new Error('enough');
    controller.abort(reason);
    const expected = { name: 'AbortError', code: 'ABORT_ERR', cause: reason };
    await assert.rejects(next, expected);
    assert.equal((await empty.next()).done, true);
    assert.equal((await full.next()).value[0], 'before');
    await assert.rejects(full.next(), expected);
    assert.equal((await full.next()).done, true);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.throws(() => base.messages({ signal }), expected);
  }),
);

test(
  "a peer's error ends what is for that connection, and rejects nothing",
  limit,
  served({}, async ({ base, events, raw, connect }) => {
    const [bad, good] = [await raw(), await connect()];
    const [all, own] = [base.messages(), base.messages({ sid: bad.sid })];
    await bad.write(Buffer.concat([encode({ opcode: TEXT, payload: 'last' }), encode({ opcode: 0x3, payload: '' })]));
    assert.equal((await events.next('error'))[0].code, 'WS_ERR_INVALID_OPCODE');
    assert.equal((await own.next()).value[0], 'last');
    assert.equal((await own.next()).done, true);
    assert.deepEqual((await all.next()).value, ['last', bad.sid]);
    await good.send('goes on');
    assert.deepEqual((await all.next()).value, ['goes on', good.sid]);
    await all.return();
  }),
);

test(
  'past the mark a connection is read no further; what is taken makes room, and all come in order',
  limit,
  served({}, async (server) => {
    const { base, events, raw, connect } = server;
    const [client, other] = [await raw(), await connect()];
    const messages = base.messages({ sid: client.sid, highWaterMark: 1600 });
    const heard = () => events.list('message').filter(([, sid]) => sid === client.sid).length;
    await client.write(numbered(500));
    await events.until(() => heard() > 10);
    await whileOthersTalk(server, other);
    // 102 bytes and more for each of them.
    assert.equal(heard(), 16);
    const taken = [];
    while (taken.length < 500) taken.push((await messages.next()).value[0]);
    assert.deepEqual(taken, strings(500));
    await messages.return();
  }),
);

test(
  'a peer that floods a slow consumer is stopped by TCP',
  limit,
  served({}, async (server) => {
    const { base, accepted, events, raw, connect } = server;
    const [client, other] = [await raw(), await connect()];
    const messages = base.messages({ sid: client.sid, highWaterMark: 64 * 1024 });
    const text = 'x'.repeat(1 << 16);
    const flood = client.write(Buffer.concat(new Array(1024).fill(encode({ opcode: TEXT, payload: text }))));
    flood.catch(() => {});
    await events.atLeast('message', 1);
    const talk = base.messages({ sid: other.sid }); // others are not held
    await other.send('hello');
    assert.equal((await talk.next()).value[0], 'hello');
    await talk.return();
    await whileOthersTalk(server, other);
    // 64 MiB were sent. A batch of 16 MiB may be under way.
    const read = accepted.get(client.sid).bytesRead;
    assert.ok(read < 24 * 1024 * 1024, `${read} bytes`);
    assert.ok(events.list('message').filter(([, sid]) => sid === client.sid).length <= 2);
    await messages.return();
    await events.until(() => events.list('message').filter(([, sid]) => sid === client.sid).length === 1024);
  }),
);

test(
  'an iterator for all: whoever sends past the mark is held, others with it, until there is room',
  limit,
  served({}, async ({ base, events, connectMany }) => {
    const clients = await connectMany(3);
    const messages = base.messages({ highWaterMark: 1 });
    for (const client of clients) {
      await client.send('a');
      await client.send('b');
    }
    // One of each is past the mark, and the second of each waits.
    await events.atLeast('message', 3);
    const taken = [];
    while (taken.length < 6) taken.push((await messages.next()).value.join());
    assert.deepEqual(taken.sort(), clients.flatMap(({ sid }) => [`a,${sid}`, `b,${sid}`]).sort());
    await messages.return();
  }),
);

test(
  "the app's own pause and resume, and those of two iterators, do not disturb each other",
  limit,
  served({}, async (server) => {
    const { base, events, raw, connect } = server;
    const [client, other] = [await raw(), await connect()];
    const heard = () => events.list('message').filter(([, sid]) => sid === client.sid).length;
    const [slow, slower] = [1, 2].map(() => base.messages({ sid: client.sid, highWaterMark: 1 }));
    await client.write(numbered(3));
    await events.until(() => heard() === 1);
    base.pause(client.sid).resume(client.sid); // held all the same
    await whileOthersTalk(server, other);
    assert.equal(heard(), 1);
    base.pause(client.sid);
    await slow.return();
    await slower.return();
    await whileOthersTalk(server, other);
    assert.equal(heard(), 1); // the app's pause holds
    const third = base.messages({ sid: client.sid, highWaterMark: 1 });
    base.resume(client.sid);
    await events.until(() => heard() === 2);
    await whileOthersTalk(server, other);
    assert.equal(heard(), 2); // and now the third does
    assert.equal((await third.next()).value[0], '1');
    assert.equal((await third.next()).value[0], '2');
    await third.return();
  }),
);

test(
  'close and terminate end what is held; what waits in the iterator stays',
  limit,
  served({}, async ({ base, events, raw }) => {
    for (const end of ['close', 'terminate']) {
      const client = await raw();
      const messages = base.messages({ sid: client.sid, highWaterMark: 1 });
      const count = events.list('message').length;
      await client.write(numbered(10));
      await events.until(() => events.list('message').length > count);
      base[end](client.sid);
      client.destroy();
      assert.equal((await messages.next()).value[0], '0');
      assert.equal((await messages.next()).done, true);
    }
  }),
);

test(
  'a peer that is lost while held: all that it had sent is taken first',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    const messages = base.messages({ sid: client.sid, binary: true, highWaterMark: 1 });
    await client.write(Buffer.concat([numbered(50), encode({ opcode: BINARY, payload: Buffer.from('end') })]));
    await events.atLeast('message', 1);
    client.destroy();
    const taken = [];
    for await (const [data] of messages) taken.push(String(data));
    assert.deepEqual(taken, [...strings(50), 'end']);
  }),
);

test(
  'wrong options throw, and name what is allowed',
  limit,
  served({}, async ({ base }) => {
    const wrong = [
      [{ binary: 1 }, /"binary" option must be a boolean/],
      [{ highWaterMark: 0 }, /"highWaterMark" option must be an integer from 1/, 'ERR_OUT_OF_RANGE'],
      [{ highWaterMark: '1' }, /"highWaterMark" option/],
      [{ sid: 5 }, /"sid" option must be a string, an array of strings, or null/],
      [{ sid: ['a', undefined] }, /"sid" option/],
      [{ signal: {} }, /"signal" option must be an AbortSignal/],
      [null, /"options" argument must be an object/],
    ];
    for (const [options, message, code = 'ERR_INVALID_ARG_TYPE'] of wrong) {
      assert.throws(() => base.messages(options), { message, code });
    }
  }),
);

test(
  'throw() ends it with that error',
  limit,
  served({}, async ({ base }) => {
    const messages = base.messages();
    assert.equal(messages[Symbol.asyncIterator](), messages);
    await assert.rejects(messages.throw(new Error('mine')), { message: 'mine' });
    assert.equal((await messages.next()).done, true);
  }),
);
