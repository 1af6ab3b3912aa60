'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { BINARY, CONTINUATION, PING, PONG, TEXT, encode } = require('../support/frames');

/** A message whose frames carry `parts`. */
function fragmented(opcode, parts) {
  return parts.map((payload, i) =>
    encode({ opcode: i === 0 ? opcode : CONTINUATION, payload, fin: i === parts.length - 1 }),
  );
}

test(
  'fragments of ws are joined',
  limit,
  served({}, async ({ events, connect }) => {
    const client = await connect();
    client.ws.send('one ', { fin: false });
    client.ws.send('and ', { fin: false });
    client.ws.send('all', { fin: true });
    assert.deepEqual(await events.next('message'), ['one and all', client.sid]);
    client.ws.send(Buffer.from([1, 2]), { fin: false });
    client.ws.send(Buffer.from([3]), { fin: true });
    assert.deepEqual(await events.next('binary'), [Buffer.from([1, 2, 3]), client.sid]);
  }),
);

test(
  'empty fragments are fragments',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    for (const parts of [
      ['', ''],
      ['', '', 'x'],
      ['x', '', ''],
      ['a', '', 'b', '', ''],
    ]) {
      await client.write(Buffer.concat(fragmented(TEXT, parts)));
      assert.deepEqual(await events.next('message'), [parts.join(''), client.sid]);
      await client.write(Buffer.concat(fragmented(BINARY, parts)));
      assert.deepEqual(await events.next('binary'), [Buffer.from(parts.join('')), client.sid]);
    }
  }),
);

test(
  'control frames between fragments are heard first, and break nothing',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    const [first, second, third] = fragmented(TEXT, ['a', 'b', 'c']);
    await client.write(
      Buffer.concat([
        first,
        encode({ opcode: PING, payload: 'ping' }),
        second,
        encode({ opcode: PONG, payload: 'pong' }),
        third,
      ]),
    );
    await events.next('message');
    const heard = events.all.slice(1).map(({ name, args }) => [name, args[0]]);
    assert.deepEqual(heard, [
      ['ping', 'ping'],
      ['pong', 'pong'],
      ['message', 'abc'],
    ]);
    const answer = await client.frame();
    assert.deepEqual([answer.opcode, answer.payload.toString()], [PONG, 'ping']);
  }),
);

test(
  'a ping within a fragmented message is answered before the message is whole',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    const [first, second] = fragmented(TEXT, ['a', 'b']);
    await client.write(Buffer.concat([first, encode({ opcode: PING, payload: 'now' })]));
    assert.equal((await client.frame()).opcode, PONG);
    assert.equal(events.list('message').length, 0);
    await client.write(second);
    assert.equal((await events.next('message'))[0], 'ab');
  }),
);

test(
  'a code point may be cut by a fragment anywhere',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    const text = 'é漢😀';
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      await client.write(Buffer.concat(fragmented(TEXT, [bytes.subarray(0, cut), bytes.subarray(cut)])));
      assert.deepEqual(await events.next('message'), [text, client.sid]);
    }
    await client.write(
      Buffer.concat(
        fragmented(
          TEXT,
          Array.from(bytes, (byte) => Buffer.from([byte])),
        ),
      ),
    );
    assert.deepEqual(await events.next('message'), [text, client.sid]);
  }),
);

test(
  'frames that trickle in byte by byte',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    const bytes = Buffer.concat([
      ...fragmented(TEXT, ['漢', '', '字']),
      encode({ opcode: PING, payload: 'p' }),
      encode({ opcode: BINARY, payload: 'b'.repeat(130) }),
    ]);
    for (const byte of bytes) await client.write(Buffer.from([byte]));
    assert.deepEqual(await events.next('message'), ['漢字', client.sid]);
    assert.deepEqual(await events.next('ping'), ['p', client.sid, Buffer.from('p')]);
    assert.deepEqual(await events.next('binary'), [Buffer.alloc(130, 'b'), client.sid]);
  }),
);

test(
  'fragmented messages of two connections do not mix',
  limit,
  served({}, async ({ events, raw }) => {
    const [one, two] = [await raw(), await raw()];
    const ones = fragmented(TEXT, ['1', '1', '1', '1']);
    const twos = fragmented(TEXT, ['2', '2', '2', '2']);
    for (let i = 0; i < 4; i++) {
      await one.write(ones[i]);
      await two.write(twos[i]);
    }
    const heard = (await events.atLeast('message', 2)).map(([text, sid]) => [sid, text]);
    assert.deepEqual(Object.fromEntries(heard), { [one.sid]: '1111', [two.sid]: '2222' });
  }),
);

test(
  '16 MiB in fragments of 64 KiB',
  limit,
  served({}, async ({ events, connect }) => {
    const client = await connect();
    for (let i = 0; i < 256; i++) client.ws.send(Buffer.alloc(65536, i), { fin: i === 255 });
    const [data] = await events.next('binary');
    assert.equal(data.length, 16 << 20);
    for (let i = 0; i < 256; i++) {
      assert.ok(data.subarray(i * 65536, (i + 1) * 65536).equals(Buffer.alloc(65536, i)), `fragment ${i}`);
    }
  }),
);
