'use strict';

// Messages that take long to inflate, or to transcode, are made in steps: what comes after them waits for them.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Deflater, NAME, RSV1 } = require('../support/deflate');
const { CLOSE, PING, TEXT, closePayload, encode } = require('../support/frames');
const { limit, served } = require('../support/server');

/** 3 MiB of UTF-8, and more than one unit of UTF-16 for some of its characters. */
const TEXT_OF_MANY = 'aé日😀'.repeat((3 << 20) / 10);
const BYTES = Buffer.alloc(3 << 20, 'bytes');
const agreed = `${NAME}; client_no_context_takeover`;

/** Each kind of frame that such a message may be. */
const FRAMES = {
  'compressed text': () => new Deflater().frame(TEXT_OF_MANY),
  'compressed bytes': () => new Deflater().frame(BYTES),
  'text as it is': () => encode({ opcode: TEXT, payload: TEXT_OF_MANY }),
};
const after = () => Buffer.concat([encode({ opcode: PING, payload: 'p' }), encode({ opcode: TEXT, payload: 'after' })]);

for (const [name, frame] of Object.entries(FRAMES)) {
  test(
    `${name}: it comes whole, and what follows it comes after it`,
    limit,
    served({ agreed }, async ({ base, raw }) => {
      const peer = await raw();
      /** @type {unknown[]} */
      const heard = [];
      for (const event of ['message', 'binary', 'ping']) base.on(event, (data) => heard.push(data));
      const isOver = new Promise((resolve) => base.once('close', (...args) => resolve(args)));
      await peer.write(
        Buffer.concat([frame(), after(), encode({ opcode: CLOSE, payload: closePayload(4000, 'bye') })]),
      );
      assert.deepEqual(await isOver, ['bye', peer.sid, 4000, true]);
      assert.deepEqual(heard.slice(1), ['p', 'after']);
      const expected = name === 'compressed bytes' ? BYTES : TEXT_OF_MANY;
      assert.ok(Buffer.isBuffer(heard[0]) ? heard[0].equals(BYTES) : heard[0] === expected, 'it has other contents');
    }),
  );

  test(
    `${name}: a peer that ends right after it is answered`,
    limit,
    served({ agreed }, async ({ base, raw, events }) => {
      const peer = await raw();
      for (const event of ['message', 'binary']) base.once(event, () => base.send(peer.sid, 'answer'));
      peer.socket.end(frame());
      assert.equal(String((await peer.frame()).payload), 'answer');
      await events.next('close');
    }),
  );

  test(
    `${name}: a pause in the middle holds back what comes, and nothing is lost`,
    limit,
    served({ agreed }, async ({ base, raw }) => {
      const peer = await raw();
      let count = 0;
      let isPaused = false;
      const isHeard = new Promise((resolve) => {
        for (const event of ['message', 'binary']) {
          base.on(event, () => {
            assert.ok(!isPaused, 'it is heard while it is paused');
            if (++count === 6) resolve(undefined);
          });
        }
      });
      await peer.write(Buffer.concat([frame(), after(), frame(), after(), frame(), after()]));
      while (count < 6) {
        base.pause(peer.sid);
        isPaused = true;
        await new Promise(setImmediate);
        isPaused = false;
        base.resume(peer.sid);
        await new Promise(setImmediate);
      }
      await isHeard;
    }),
  );
}

test(
  'compressed text that is no UTF-8 fails, after what came before it',
  limit,
  served({ agreed }, async ({ raw, events }) => {
    const peer = await raw();
    const bad = Buffer.concat([Buffer.from(TEXT_OF_MANY), Buffer.from([0xff])]);
    const payload = new Deflater().compress(bad);
    const before = encode({ opcode: TEXT, payload: 'before' });
    await peer.write(Buffer.concat([before, encode({ opcode: TEXT, rsv: RSV1, payload })]));
    assert.deepEqual(await events.next('message'), ['before', peer.sid]);
    const [error] = await events.next('error');
    assert.deepEqual([error.code, error.closeCode], ['WS_ERR_INVALID_UTF8', 1007]);
    await events.next('close');
  }),
);
