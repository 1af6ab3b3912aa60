'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { RawClient } = require('../support/raw-client');
const { limit } = require('../support/server');
const { BINARY, CLOSE, PING, PONG, TEXT } = require('../support/frames');

/** The script as a process, and a raw client of the server in it. */
async function start(t, ...script) {
  const child = run(t, ...script);
  const [, port] = await child.says();
  const client = new RawClient({ port, host: '127.0.0.1' });
  t.after(() => client.destroy());
  await client.inbox.next('head');
  return { child, client };
}

/** It answers: it was there, and not about to end, all this time. */
async function assertStays(child, client) {
  for (let i = 0; i < 50; i++) {
    await client.text(`${i}`);
    assert.equal(await client.said(), `${i}`);
  }
  assert.ok(child.running);
}

for (const count of [0, 1, 5]) {
  test(`a process ends by itself when all of ${count} connections are over`, limit, async (t) => {
    const child = run(t, 'no-connection.js', [count]);
    assert.deepEqual(await child.exited, { code: 0, signal: null });
    assert.deepEqual(child.lines, [['exit', count]]);
  });
}

test('an open connection keeps the process, until its close event', limit, async (t) => {
  const { child, client } = await start(t, 'one-connection.js', ['']);
  await assertStays(child, client);
  await client.close(4000, 'bye');
  assert.deepEqual(await child.exited, { code: 0, signal: null });
  assert.deepEqual(
    child.lines.slice(1).map(([name, reason, , code]) => [name, reason, code]),
    [
      ['close', 'bye', 4000],
      ['exit', undefined, undefined],
    ],
  );
});

test('so does one that is closing', limit, async (t) => {
  const { child, client } = await start(t, 'one-connection.js', ['']);
  await client.text('close me');
  assert.equal((await client.closeFrame()).code, 1000);
  // The process has nothing else to do; what it is busy with now is to wait for this answer.
  await client.close(1000, 'thank you');
  assert.deepEqual(await child.exited, { code: 0, signal: null });
  assert.deepEqual(
    child.lines.slice(1).map(([name, reason]) => [name, reason]),
    [
      ['close', 'thank you'],
      ['exit', undefined],
    ],
  );
});

test('a connection that is lost lets the process go', limit, async (t) => {
  const { child, client } = await start(t, 'one-connection.js', ['']);
  client.socket.resetAndDestroy();
  assert.deepEqual(await child.exited, { code: 0, signal: null });
  assert.deepEqual(
    child.lines.slice(1).map(([name]) => name),
    ['close', 'exit'],
  );
});

test('unref() of its socket lets the process go, and the peer sees the end', limit, async (t) => {
  const { child, client } = await start(t, 'one-connection.js', ['unref']);
  assert.deepEqual(await child.exited, { code: 0, signal: null });
  assert.deepEqual(child.lines.slice(1), [['exit']], 'no close event in an env that ends');
  assert.equal((await client.closeFrame()).code, 1001);
  await client.ended();
});

test('ref() after unref() keeps it again', limit, async (t) => {
  const { child, client } = await start(t, 'one-connection.js', ['unref ref']);
  await assertStays(child, client);
  client.destroy();
  assert.deepEqual(await child.exited, { code: 0, signal: null });
});

test('what is sent in an exit listener arrives as well', limit, async (t) => {
  const { child, client } = await start(t, 'send-on-exit.js');
  await client.text('go');
  assert.equal(await client.said(), 'gone');
  assert.equal((await client.closeFrame()).code, 1001);
  await client.ended();
  assert.deepEqual(await child.exited, { code: 0, signal: null });
});

for (const where of ['in the listener', 'in a timer']) {
  for (const how of ['to one', 'to all', 'in pieces']) {
    for (const size of [10, 50_000]) {
      test(`send ${how} of ${size} bytes, then process.exit() ${where}: all of it arrives`, limit, async (t) => {
        const { child, client } = await start(t, 'send-and-exit.js', [how, size]);
        await client.text(where);
        await client.ended();
        const said = client.frames.filter(({ opcode }) => opcode !== CLOSE).map(({ payload }) => payload.toString());
        assert.equal(said.join(''), 'x'.repeat(size));
        assert.deepEqual(await child.exited, { code: 7, signal: null });
        assert.equal(child.lines.length, 1, 'no close event in an env that ends');
        const last = client.frames[client.frames.length - 1];
        assert.equal(last.opcode, CLOSE, 'with room in the kernel the close frame gets through');
        assert.equal(last.payload.readUInt16BE(0), 1001);
      });
    }
  }
}

test('a stream that takes little at once is given all that was sent', limit, async (t) => {
  const [count, size] = [32, 64 * 1024];
  const child = run(t, 'mock-on-exit.js', [count, size]);
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
  const [header, closeFrame] = [10, 4];
  assert.deepEqual(child.lines, [['given', count * (header + size) + closeFrame]]);
});

/** What makes each event come. */
const CAUSES = {
  open: () => {},
  message: (client) => client.send({ opcode: TEXT, payload: 'x' }),
  binary: (client) => client.send({ opcode: BINARY, payload: 'x' }),
  ping: (client) => client.send({ opcode: PING }),
  pong: (client) => client.send({ opcode: PONG }),
  drain: () => {},
  error: (client) => client.send({ opcode: 3 }),
  close: (client) => client.destroy(),
};
for (const transport of ['socket', 'stream']) {
  for (const [name, cause] of Object.entries(CAUSES)) {
    test(`process.exit() in a listener of ${name}, by the ${transport} transport`, limit, async (t) => {
      const child = run(t, 'exit-in-listener.js', [name, transport]);
      const [, port] = await child.says();
      const client = new RawClient({ port, host: '127.0.0.1' });
      t.after(() => client.destroy());
      if (name !== 'open') await client.inbox.next('head');
      await cause(client);
      assert.deepEqual(await child.exited, { code: 7, signal: null }, child.stderr);
      if (name !== 'close') await client.ended();
    });
  }
}
