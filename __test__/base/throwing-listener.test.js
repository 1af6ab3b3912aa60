'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { RawClient } = require('../support/raw-client');
const { Deflater, NAME } = require('../support/deflate');
const { limit } = require('../support/server');
const { BINARY, PING, PONG, TEXT, encode } = require('../support/frames');

/** The script `name` as a process, and a raw client of the server in it. */
async function start(t, name, ...args) {
  const child = run(t, name, args);
  const [, port] = await child.says();
  const client = new RawClient({ port, host: '127.0.0.1' });
  t.after(() => client.destroy());
  await client.inbox.next('head');
  return { child, client };
}

const thrownIn = (what) => `thrown in ${what}`;

test('a throw in a listener is uncaught once; no event is lost or repeated', limit, async (t) => {
  const { child, client } = await start(t, 'throwing.js');
  const kinds = [
    ['message', TEXT],
    ['binary', BINARY],
    ['ping', PING],
    ['pong', PONG],
  ];
  const expected = ['open'];
  const frames = [];
  for (let i = 0; i < 400; i++) {
    const [name, opcode] = kinds[i % kinds.length];
    frames.push(encode({ opcode, payload: String(i) }));
    expected.push(`${name} ${i}`);
  }
  await client.write(Buffer.concat(frames));
  await client.inbox.atLeast('frame', 100); // pongs
  await client.close(1000, 'enough');
  expected.push('close enough');
  const [heard, uncaught] = await child.says();
  assert.deepEqual(heard, expected);
  assert.deepEqual(uncaught, expected.map(thrownIn));
  assert.ok(child.running);
});

/** What of it is about the socket transport. */
const ofSockets = { ...limit, skip: process.platform === 'win32' && 'there is no socket transport here' };

const WAYS = {
  'the socket transport': ['socket', ''],
  'the stream transport': ['stream', ''],
  'permessage-deflate': ['socket', NAME],
  'permessage-deflate by streams': ['stream', NAME],
  'an extension': ['stream', 'x-pass'],
  'an extension beside permessage-deflate': ['stream', `x-pass, ${NAME}`],
};
for (const [way, args] of Object.entries(WAYS)) {
  test(
    `each of 4000 events throws, drain too, by ${way}: each is uncaught once, in order`,
    args[0] === 'socket' ? ofSockets : limit,
    async (t) => {
      const { child, client } = await start(t, 'throwing.js', ...args);
      const deflater = new Deflater();
      const compresses = args[1].includes(NAME);
      const expected = [];
      const frames = [];
      for (let i = 0; i < 4000; i++) {
        const name = ['message', 'ping', 'message', 'pong'][i % 4];
        const payload = String(i);
        if (name === 'message' && compresses) frames.push(deflater.frame(payload));
        else frames.push(encode({ opcode: { message: TEXT, ping: PING, pong: PONG }[name], payload }));
        expected.push(`${name} ${i}`);
      }
      await client.write(Buffer.concat(frames));
      await client.inbox.until(() =>
        client.frames.some(({ opcode, payload }) => opcode === PONG && payload.toString() === '3997'),
      );
      await client.close(1000, 'enough');
      const [heard, uncaught] = await child.says();
      assert.deepEqual(
        heard.filter((what) => what !== 'drain'),
        ['open', ...expected, 'close enough'],
      );
      assert.equal(heard.filter((what) => what === 'drain').length, 1);
      assert.deepEqual(uncaught, heard.map(thrownIn));
    },
  );
}

test('a throw in the error listener loses no close event', limit, async (t) => {
  const { child, client } = await start(t, 'throwing.js');
  await client.send({ opcode: 3 });
  const [heard, uncaught] = await child.says();
  assert.deepEqual(heard.slice(0, 2), ['open', 'error']);
  assert.match(heard[2], /^close/);
  assert.deepEqual(uncaught, heard.map(thrownIn));
});

test('a throw in the error listener loses no close event of who is dropped for want of room', ofSockets, async (t) => {
  const { child, client } = await start(t, 'throwing.js', 'socket', '', '1024');
  client.pause();
  await client.text('send one more');
  const [heard, uncaught] = await child.says();
  assert.deepEqual(heard, ['open', 'message send one more', 'error', 'close']);
  assert.deepEqual(uncaught, heard.map(thrownIn));
});

test('other connections go on', limit, async (t) => {
  const { child, client } = await start(t, 'throwing.js');
  const other = new RawClient({ port: client.socket.remotePort, host: '127.0.0.1' });
  t.after(() => other.destroy());
  await other.inbox.next('head');
  for (let i = 0; i < 100; i++) {
    client.text(`a${i}`);
    other.text(`b${i}`);
  }
  client.socket.end();
  await child.says();
  other.socket.end();
  const [heard, uncaught] = await child.says();
  for (const who of ['a', 'b']) {
    const own = heard.filter((what) => what.startsWith(`message ${who}`));
    assert.deepEqual(
      own,
      Array.from({ length: 100 }, (_, i) => `message ${who}${i}`),
    );
  }
  assert.deepEqual(uncaught, heard.map(thrownIn));
});

test('where nobody catches it, the process ends as with any EventEmitter', limit, async (t) => {
  const { child, client } = await start(t, 'throwing-fatal.js');
  await client.text('x');
  assert.deepEqual(await child.exited, { code: 1, signal: null });
  assert.match(child.stderr, /error: the fault of the application/i);
  assert.match(child.stderr, /at .*ofTheApplication/, 'with the stack of the application');
  await client.ended();
});
