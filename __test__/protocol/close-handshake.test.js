'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { CLOSE, PING, TEXT, closePayload, encode } = require('../support/frames');

test(
  "the peer closes with code and reason: they are the event's",
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    client.ws.close(4321, 'my reason');
    assert.deepEqual(await events.next('close'), ['my reason', client.sid, 4321]);
    assert.equal(base.connections, 0);
    assert.equal((await client.closed()).code, 4321);
  }),
);

test(
  'the peer closes without a code: 1005 and no reason',
  limit,
  served({}, async ({ events, connect }) => {
    const client = await connect();
    client.ws.close();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1005]);
    assert.deepEqual(await client.closed(), { code: 1005, reason: '' });
  }),
);

test(
  "the peer's close frame is answered, then the connection is ended by us",
  limit,
  served({}, async ({ raw }) => {
    const client = await raw();
    await client.close(1000, 'bye');
    assert.equal((await client.closeFrame()).code, 1000);
    await client.inbox.next('end'); // RFC 6455 §7.1.1: the server closes first
  }),
);

test(
  'we close, the peer answers with nothing: ours',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.close(client.sid, 4000, 'ours');
    await client.closeFrame();
    await client.send({ opcode: CLOSE });
    assert.deepEqual(await events.next('close'), ['ours', client.sid, 4000]);
  }),
);

test(
  "we close, the peer answers with its own: the peer's",
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.close(client.sid, 4000, 'ours');
    await client.closeFrame();
    await client.close(4001, 'theirs');
    assert.deepEqual(await events.next('close'), ['theirs', client.sid, 4001]);
  }),
);

test(
  'we close, the peer ends without a close frame: ours',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.close(client.sid, 4000, 'ours');
    await client.closeFrame();
    client.socket.end();
    assert.deepEqual(await events.next('close'), ['ours', client.sid, 4000]);
  }),
);

test(
  'we close, the peer resets the connection: ours',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.close(client.sid, 4000, 'ours');
    await client.closeFrame();
    client.socket.resetAndDestroy();
    assert.deepEqual(await events.next('close'), ['ours', client.sid, 4000]);
  }),
);

test(
  'we close in the middle of a flood: the handshake is completed behind it',
  limit,
  served({}, async ({ base, events, connect }) => {
    base.once('binary', (_data, sid) => base.close(sid, 'enough'));
    const client = await connect();
    for (let i = 0; i < 64; i++) client.ws.send(Buffer.alloc(1 << 20, i));
    assert.deepEqual(await client.closed(), { code: 1000, reason: 'enough' });
    assert.deepEqual(await events.next('close'), ['enough', client.sid, 1000]);
    assert.equal(events.list('binary').length, 1);
  }),
);

test(
  'we close, the peer never answers: ours, after closeTimeout',
  limit,
  served({ base: { closeTimeout: 50 } }, async ({ base, events, raw }) => {
    const client = await raw();
    base.close(client.sid, 'ours');
    assert.deepEqual(await events.next('close'), ['ours', client.sid, 1000]);
    await client.ended();
  }),
);

test(
  'we close, the peer answers and never ends: the socket is destroyed after closeTimeout',
  limit,
  served(
    {
      base: { closeTimeout: 50 },
    },
    async ({ base, events, raw, accepted }) => {
      const client = await raw({ halfOpen: true });
      const gone = once(accepted.get(client.sid), 'close');
      base.close(client.sid, 'ours');
      await client.closeFrame();
      await client.close(1000, 'theirs'); // and no FIN
      assert.deepEqual(await events.next('close'), ['theirs', client.sid, 1000]);
      await gone;
      await client.ended();
    },
  ),
);

test(
  "both close at once: one close event, the peer's",
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.on('message', (_text, sid) => base.close(sid, 4000, 'ours'));
    await client.write(
      Buffer.concat([
        encode({ opcode: TEXT, payload: 'x' }),
        encode({ opcode: CLOSE, payload: closePayload(4001, 'theirs') }),
      ]),
    );
    const [reason, sid, code] = await events.next('close');
    assert.equal(sid, client.sid);
    assert.deepEqual([reason, code], ['theirs', 4001]);
    await client.ended();
    assert.equal(client.frames.filter(({ opcode }) => opcode === CLOSE).length, 1);
  }),
);

test(
  'what the peer sends while we close is not emitted',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.close(client.sid, 'enough');
    await client.text('but');
    await client.send({ opcode: PING, payload: 'wait' });
    await client.close(1000, 'well then');
    assert.deepEqual(await events.next('close'), ['well then', client.sid, 1000]);
    assert.deepEqual(
      events.all.map(({ name }) => name),
      ['open', 'close'],
    );
  }),
);

test(
  'what the peer sends after its close frame is not looked at',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    await client.write(
      Buffer.concat([
        encode({ opcode: CLOSE, payload: closePayload(1000) }),
        encode({ opcode: TEXT, payload: 'late' }),
        Buffer.from([0xff, 0xff, 0xff]),
      ]),
    );
    assert.deepEqual(await events.next('close'), ['', client.sid, 1000]);
    await client.ended();
    assert.deepEqual(
      events.all.map(({ name }) => name),
      ['open', 'close'],
    );
  }),
);

test(
  'a close frame of the peer between two messages of one packet: only the first',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    await client.write(
      Buffer.concat([
        encode({ opcode: TEXT, payload: 'first' }),
        encode({ opcode: CLOSE, payload: closePayload(3000, 'done') }),
        encode({ opcode: TEXT, payload: 'second' }),
      ]),
    );
    assert.deepEqual(await events.next('close'), ['done', client.sid, 3000]);
    assert.deepEqual(events.list('message'), [['first', client.sid]]);
  }),
);
