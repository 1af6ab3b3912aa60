'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { Inflater, NAME, RSV1 } = require('../support/deflate');
const { UNITS, bytesOf, textOf } = require('../support/payloads');

const THRESHOLD = 1024;
/** Around the threshold, and larger than any window. */
const SIZES = [0, 1, THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 64 * 1024];

/** What `ws` is told, so that it compresses all it sends. */
const peer = { perMessageDeflate: { threshold: 0 } };
/** A message that shrinks to next to nothing. */
const LONG = 'the same again, '.repeat(1000);

/** Has the server send back what it gets. */
function echo(base) {
  base.on('message', (text, sid) => base.send(sid, text));
  base.on('binary', (data, sid) => base.send(sid, data));
}

/** Each of these goes there and back. */
async function assertEchoed(client, messages) {
  for (const message of messages) {
    await client.send(message);
    const answer = await client.message();
    const same = typeof message === 'string' ? answer === message : message.equals(answer);
    assert.ok(same, `${typeof message} of ${message.length}`);
  }
}

/** Text of each kind and bytes, of each of these sizes. */
function messagesOf(sizes) {
  const kinds = Object.values(UNITS);
  return sizes.flatMap((size) => [...kinds.map((unit) => textOf(unit, size)), bytesOf(size), Buffer.alloc(size, 'ab')]);
}

/** The element with these parameters. */
const element = (...parameters) => [NAME, ...parameters.filter((parameter) => parameter !== '')].join('; ');

for (const server of ['', 'server_no_context_takeover']) {
  for (const client of ['', 'client_no_context_takeover']) {
    test(
      `${element(server, client)}: every size and kind, there and back`,
      limit,
      served({ agreed: element(server, client) }, async ({ base, events, connect }) => {
        echo(base);
        const one = await connect(peer);
        assert.equal(one.ws.extensions, NAME);
        // Twice, so that each has been seen before.
        const messages = messagesOf(SIZES);
        await assertEchoed(one, [...messages, ...messages]);
        assert.equal(events.list('error').length, 0);
        const { bytesReceived, bytesSent } = base.stats();
        const plain = 2 * messages.reduce((sum, message) => sum + Buffer.byteLength(message), 0);
        assert.ok(bytesReceived < plain / 4, `${bytesReceived} of ${plain} received`);
        assert.ok(bytesSent < plain / 4, `${bytesSent} of ${plain} sent`);
      }),
    );

    test(
      `${element(server, client)}: every window`,
      limit,
      served({}, async (testServer) => {
        const { base, events, connect } = testServer;
        echo(base);
        const messages = messagesOf([10, 2_000, 40_000]);
        for (let bits = 8; bits <= 15; bits++) {
          testServer.agreed = element(
            server,
            client,
            `server_max_window_bits=${bits}`,
            `client_max_window_bits=${bits}`,
          );
          const one = await connect(peer);
          await assertEchoed(one, [...messages, ...messages]);
          one.destroy();
        }
        assert.equal(events.list('error').length, 0);
      }),
    );
  }
}

for (const direction of ['server', 'client']) {
  test(
    `${direction}_max_window_bits alone`,
    limit,
    served({}, async (testServer) => {
      echo(testServer.base);
      for (let bits = 8; bits <= 15; bits++) {
        testServer.agreed = element(`${direction}_max_window_bits=${bits}`);
        const one = await testServer.connect(peer);
        await assertEchoed(one, [LONG, LONG, textOf(UNITS.mixed, 50_000)]);
        one.destroy();
      }
    }),
  );
}

for (const level of [0, 1, 2, 4, 6, 9]) {
  test(
    `level ${level}, in windows of 256 bytes and of 32 KiB`,
    limit,
    served({ base: { perMessageDeflate: { level, threshold: 0 } } }, async (testServer) => {
      echo(testServer.base);
      for (const bits of [8, 9, 15]) {
        testServer.agreed = element(`server_max_window_bits=${bits}`);
        const one = await testServer.connect(peer);
        await assertEchoed(one, messagesOf([1, 300, 10_000]));
        one.destroy();
      }
    }),
  );
}

test(
  '1 MiB, of text and of bytes, with and without takeover',
  limit,
  served({}, async (testServer) => {
    echo(testServer.base);
    for (const agreed of [element(), element('server_no_context_takeover', 'client_no_context_takeover')]) {
      testServer.agreed = agreed;
      const one = await testServer.connect(peer);
      await assertEchoed(one, [textOf(UNITS.mixed, 1 << 20), bytesOf(1 << 20), textOf(UNITS.ASCII, 1 << 20)]);
    }
  }),
);

test(
  'many messages in a row, sent before the first answer',
  limit,
  served({ agreed: element() }, async ({ base, connect }) => {
    echo(base);
    const one = await connect(peer);
    const messages = Array.from({ length: 500 }, (_, i) => `${i}: ${textOf(UNITS.mixed, (i * 37) % 3000)}`);
    for (const message of messages) one.ws.send(message);
    await one.inbox.atLeast('message', messages.length);
    assert.deepEqual(one.messages, messages);
  }),
);

test(
  'a message of threshold bytes is compressed, and one byte less is not',
  limit,
  served({ agreed: element() }, async ({ base, raw }) => {
    const client = await raw();
    const inflater = new Inflater();
    for (const [unit, size, rsv] of [
      ['x', THRESHOLD - 1, 0],
      ['x', THRESHOLD, RSV1],
      ['é', THRESHOLD - 2, 0],
      ['é', THRESHOLD, RSV1],
      ['x', 0, 0],
    ]) {
      const text = textOf(unit, size);
      base.send(client.sid, text);
      const frame = await client.frame();
      assert.equal(frame.rsv, rsv, `${size} bytes of ${unit}`);
      assert.equal(inflater.message(frame), text);
    }
    base.send(client.sid, Buffer.alloc(THRESHOLD));
    assert.equal((await client.frame()).rsv, RSV1);
    base.send(client.sid, Buffer.alloc(THRESHOLD - 1));
    assert.equal((await client.frame()).rsv, 0);
  }),
);

test(
  'with a threshold of 0 all is compressed but what is empty',
  limit,
  served({ agreed: element(), base: { perMessageDeflate: { threshold: 0 } } }, async ({ base, raw }) => {
    const client = await raw();
    for (const [data, rsv] of [
      ['', 0],
      ['x', RSV1],
      [Buffer.alloc(0), 0],
      [Buffer.alloc(1), RSV1],
    ]) {
      base.send(client.sid, data);
      const frame = await client.frame();
      assert.equal(frame.rsv, rsv);
    }
  }),
);

test(
  'perMessageDeflate: false compresses nothing less: what counts is what was agreed',
  limit,
  served({ agreed: element(), base: { perMessageDeflate: false } }, async ({ base, raw }) => {
    const client = await raw();
    base.send(client.sid, LONG);
    const frame = await client.frame();
    assert.equal(frame.rsv, RSV1);
    assert.equal(new Inflater().message(frame), LONG);
  }),
);

test('a level of 9 takes fewer bytes than 1, and that fewer than 0', limit, async (t) => {
  const sizes = [];
  const text = Array.from({ length: 3000 }, (_, i) => `{"id":${(i * 7919) % 1000},"name":"user ${i % 97}"}`).join();
  for (const level of [9, 1, 0]) {
    await served({ agreed: element(), base: { perMessageDeflate: { level } } }, async ({ base, raw }) => {
      const client = await raw();
      base.send(client.sid, text);
      const frame = await client.frame();
      assert.equal(frame.rsv, RSV1);
      assert.equal(new Inflater().message(frame), text);
      sizes.push(frame.payload.length);
    })(t);
  }
  assert.ok(sizes[0] < sizes[1] && sizes[1] < sizes[2], `${sizes}`);
});

test(
  'with takeover the same message again costs next to nothing; without, as much as before',
  limit,
  served({}, async (testServer) => {
    const { base, raw } = testServer;
    const text = bytesOf(2000).toString('base64');
    for (const [parameter, takeover] of [
      ['', true],
      ['server_no_context_takeover', false],
    ]) {
      testServer.agreed = element(parameter);
      const client = await raw();
      const inflater = new Inflater({ takeover });
      const sizes = [];
      for (let i = 0; i < 3; i++) {
        base.send(client.sid, text);
        const frame = await client.frame();
        assert.equal(inflater.message(frame), text);
        sizes.push(frame.payload.length);
      }
      if (takeover) assert.ok(sizes[1] < sizes[0] / 10 && sizes[2] < sizes[0] / 10, `${sizes}`);
      else assert.deepEqual(sizes, [sizes[0], sizes[0], sizes[0]]);
    }
  }),
);

test(
  'compress: false leaves a message as it is, to one, to several and to all',
  limit,
  served({ agreed: element() }, async ({ base, raw }) => {
    const [one, two] = [await raw(), await raw()];
    const inflater = new Inflater();
    for (const options of [{ compress: false }, { compress: true }, {}, undefined]) {
      const rsv = options?.compress === false ? 0 : RSV1;
      for (const whom of [one.sid, [one.sid], [one.sid, two.sid], null]) {
        base.send(whom, LONG, options);
        const frame = await one.frame();
        assert.equal(frame.rsv, rsv, `${JSON.stringify(options)} to ${JSON.stringify(whom)}`);
        assert.equal(inflater.message(frame), LONG);
      }
    }
  }),
);

test(
  'a compress that is no boolean is a TypeError, and nothing is sent',
  limit,
  served({ agreed: element() }, async ({ base, raw }) => {
    const client = await raw();
    for (const compress of [1, 0, 'no', null, {}]) {
      assert.throws(() => base.send(client.sid, LONG, { compress }), {
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: /compress/,
      });
    }
    for (const options of [null, true, 'compress']) {
      assert.throws(() => base.send(client.sid, LONG, options), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    }
    base.send(client.sid, 'the first');
    assert.equal(await client.said(), 'the first');
    assert.equal(base.stats().messagesSent, 1);
  }),
);

test(
  'where it was not agreed on, nothing is compressed, whatever compress says',
  limit,
  served({ base: { perMessageDeflate: true } }, async ({ base, raw }) => {
    const client = await raw();
    base.send(client.sid, LONG, { compress: true });
    assert.equal((await client.frame()).rsv, 0);
  }),
);

test(
  'the caller may reuse its buffer at once',
  limit,
  served({ agreed: element() }, async ({ base, raw }) => {
    const client = await raw();
    const data = Buffer.alloc(5000, 'a');
    base.send(client.sid, data);
    base.send(data);
    base.send([client.sid], data);
    data.fill('b');
    const inflater = new Inflater();
    for (let i = 0; i < 3; i++) assert.deepEqual(inflater.message(await client.frame()), Buffer.alloc(5000, 'a'));
  }),
);

test(
  'the connection tells that it is on, and how it is carried',
  limit,
  served({ agreed: element() }, async ({ base, connect, carrier }) => {
    const { sid } = await connect(peer);
    assert.deepEqual(base.sockets[sid].extensions, [NAME]);
    assert.equal(base.sockets[sid].transport, carrier);
  }),
);
