'use strict';

const assert = require('node:assert/strict');
const { Base } = require('../..');
const { collect } = require('../support/collect');
const { Deflater, NAME, RSV1 } = require('../support/deflate');
const { BINARY, CLOSE, FrameReader, closePayload, encode } = require('../support/frames');
const { listen, pair, test } = require('../support/streams');

const MiB = 1 << 20;
const SIZE = 4 * MiB;
const COUNT = 40;
/** What 16 KiB may become, twice; what has come would be 160 MiB. */
const BOUND = 48 * MiB;

/** Each message is `SIZE` times its number, and a few KiB on the wire. */
const chunk = Buffer.concat(
  Array.from({ length: COUNT }, (_, i) => {
    const payload = new Deflater({ takeover: false }).compress(Buffer.alloc(SIZE, i));
    return encode({ opcode: BINARY, rsv: RSV1, payload, mask: false });
  }),
);
const goodbye = encode({ opcode: CLOSE, payload: closePayload(4000, 'bye'), mask: false });

/** Where permessage-deflate is alone, and where there are extensions on one side of it. */
const PLACES = { 'by itself': NAME, 'behind an extension': `x-count, ${NAME}`, 'before one': `${NAME}, x-count` };

/** A connection that has got `chunk`, and `rest`; its listener pauses it at the first message. */
async function flooded(extensions, rest = Buffer.alloc(0)) {
  const base = new Base({ enforceMasking: false });
  let seen = 0;
  const read = (next, frame) => {
    seen++;
    next(null, frame);
  };
  base.extensions = { 'x-count': { read } };
  const events = listen(base);
  base.removeAllListeners('binary'); // it would keep all
  const numbers = [];
  const heard = [];
  base.on('binary', (data, sid) => {
    assert.equal(data.length, SIZE);
    numbers.push(data[SIZE - 1]);
    if (numbers.length === 1) base.pause(sid);
    heard.shift()?.();
  });
  const [end, peer] = pair({ highWaterMark: 4 * MiB });
  const reader = new FrameReader();
  peer.on('data', (bytes) => {
    if (reader.push(bytes).some(({ opcode }) => opcode === CLOSE)) peer.end();
  });
  const sid = base.assignSocket(end, { extensions });
  const first = new Promise((resolve) => heard.push(resolve));
  collect();
  const before = process.memoryUsage().external;
  peer.write(Buffer.concat([chunk, rest]));
  await first;
  await new Promise(setImmediate);
  const grown = process.memoryUsage().external - before;
  return { base, events, end, peer, sid, numbers, grown, seen };
}

const all = Array.from({ length: COUNT }, (_, i) => i);

for (const [where, extensions] of Object.entries(PLACES)) {
  test(`pause stops the inflating of what has come, with permessage-deflate ${where}; resume goes on`, async () => {
    const { base, events, sid, numbers, grown, seen } = await flooded(extensions, goodbye);
    assert.ok(grown < BOUND, `${(grown / MiB).toFixed()} MiB`);
    assert.ok(seen <= 1, `${seen} frames went on`);
    assert.deepEqual(numbers, [0]);
    base.on('binary', () => {
      base.pause(sid);
      setImmediate(() => base.resume(sid));
    });
    base.resume(sid);
    assert.deepEqual(await events.next('close'), ['bye', sid, 4000]);
    assert.deepEqual(numbers, all);
  });

  test(`the stream ends while paused, with permessage-deflate ${where}: after resume all of it is heard, then close`, async () => {
    const { base, events, peer, sid, numbers } = await flooded(extensions);
    peer.end();
    await new Promise(setImmediate);
    assert.deepEqual([numbers, events.list('close')], [[0], []]);
    base.resume(sid);
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(numbers, all);
  });

  test(`the stream is lost while paused, with permessage-deflate ${where}: all of it is heard, then close`, async () => {
    const { events, end, sid, numbers } = await flooded(extensions);
    end.emit('error', new Error('reset'));
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(numbers, all);
  });

  test(`close while paused, with permessage-deflate ${where}: the peer's answer is found behind what waits`, async () => {
    const { base, events, sid, numbers } = await flooded(extensions, goodbye);
    base.close(sid, 4001, 'enough');
    assert.deepEqual(await events.next('close'), ['bye', sid, 4000]);
    assert.deepEqual(numbers, [0]);
  });
}
