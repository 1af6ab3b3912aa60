'use strict';

const assert = require('node:assert/strict');
const { Base } = require('../..');
const { OldStream, listen, test } = require('../support/streams');
const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closePayload, encode } = require('../support/frames');
const { randomText, seeded } = require('../support/random');

/** One of these, to be repeated: WEBSOCKETS_TEST_SEED=123 node --test … */
const FIRST_SEED = Number(process.env.WEBSOCKETS_TEST_SEED ?? Date.now() & 0xffffff);
const CASES = process.env.WEBSOCKETS_TEST_SEED === undefined ? 400 : 1;

/** @returns {Buffer} the frames of a conversation: messages, cut up, control frames between, and an end */
function conversation(random) {
  const frames = [];
  const say = (frame) => frames.push(encode({ mask: random(2) === 0, ...frame }));
  const control = () => {
    const payload = Buffer.alloc(random(126), random(256));
    say({ opcode: random(3) === 0 ? PONG : PING, payload });
  };
  for (let count = 1 + random(8); count > 0; count--) {
    const isText = random(2) === 0;
    const size = [0, 1, 125, 126, 200, 3000, 70_000][random(7)];
    const payload = isText ? Buffer.from(randomText(random, size >> 2)) : Buffer.alloc(size, random(256));
    let opcode = isText ? TEXT : BINARY;
    let at = 0;
    for (let pieces = random(4); pieces > 0; pieces--) {
      const to = at + random(payload.length - at + 1);
      say({ opcode, payload: payload.subarray(at, to), fin: false });
      [opcode, at] = [CONTINUATION, to];
      while (random(3) === 0) control();
    }
    say({ opcode, payload: payload.subarray(at) });
    while (random(3) === 0) control();
  }
  const ends = [
    { opcode: CLOSE, payload: closePayload(1000 + random(4), 'the end') },
    { opcode: CLOSE },
    { opcode: 3 },
    { opcode: TEXT, payload: Buffer.from([0xc0, 0x80]) },
    { opcode: TEXT, rsv: 1 + random(7) },
    { opcode: CONTINUATION },
    { opcode: PING, fin: false },
    { opcode: BINARY, payload: Buffer.alloc(80_001) },
    { opcode: BINARY, declaredLength: 2n ** 63n },
  ];
  // Or none of them: the stream just ends.
  if (random(4) !== 0) say(ends[random(ends.length)]);
  if (random(4) === 0) say({ opcode: TEXT, payload: 'behind the end' });
  if (random(4) === 0) frames.push(encode({ opcode: TEXT, payload: 'cut short' }).subarray(0, 5));
  return Buffer.concat(frames);
}

/** @returns {Buffer[]} the bytes, in pieces of any length */
function chunked(random, bytes) {
  const chunks = [];
  const most = [3, 50, 2000, 100_000][random(4)];
  for (let at = 0; at < bytes.length; ) {
    const to = at + 1 + random(bytes.length < 2000 ? most : Math.max(most, 500));
    chunks.push(bytes.subarray(at, to));
    at = to;
  }
  return chunks;
}

/** @returns {object} extensions that change nothing, and take their time or not */
function passThrough(random) {
  const extensions = {};
  for (let count = 1 + random(3); count > 0; count--) {
    const ways = [
      (next, frame) => next(null, frame),
      (next) => next(),
      (next, frame) => process.nextTick(next, null, frame),
      (next) => setImmediate(next),
      (next, frame) => Promise.resolve().then(() => next(null, frame)),
    ];
    const mixed = (next, frame) => ways[random(ways.length)](next, frame);
    const choose = () => [...ways, mixed][random(ways.length + 1)];
    const extension = { read: choose(), write: choose() };
    if (random(4) === 0) delete extension[random(2) === 0 ? 'read' : 'write'];
    extensions[`x-${count}`] = extension;
  }
  return extensions;
}

/**
 * @returns {Promise<object>} what a `Base` makes of these chunks: its events, and what it wrote, data
 *   apart from control frames, as answers to what comes in one piece may overtake each other
 */
async function outcome(chunks, extensions, turns) {
  const base = new Base({ maxPayload: 80_000 });
  const events = listen(base);
  base.extensions = extensions;
  const stream = new OldStream();
  base.on('message', (text, sid) => base.send(sid, `${text.length}`));
  // Short answers: where much is queued, only the latest ping is answered.
  base.on('binary', (data, sid) => base.send(sid, data.subarray(0, 9)));
  base.assignSocket(stream, { extensions: Object.keys(extensions) });
  for (const chunk of chunks) {
    stream.emit('data', chunk);
    if (turns(8) === 0) await new Promise(setImmediate);
  }
  stream.emit('end');
  await events.next('close');
  // When what is queued runs dry is a matter of time.
  const heard = events.all.filter(({ name }) => name !== 'drain');
  const seen = heard.map(({ name, args: [first, , code] }) => [
    name,
    name === 'error' ? first.code : name === 'open' ? '' : first,
    code,
  ]);
  const sent = (control) =>
    stream.frames.filter(({ opcode }) => opcode >= CLOSE === control).map(({ opcode, payload }) => [opcode, payload]);
  return { seen, data: sent(false), control: sent(true) };
}

/** What was sent where the connection was lost depends on when: as far as it goes, it is the same. */
function assertPrefix(shorter, longer, message) {
  assert.deepEqual(shorter, longer.slice(0, shorter.length), message);
}

test(`random conversations in random chunks are the same through extensions, seeds from ${FIRST_SEED}`, async () => {
  let [events, errors] = [0, 0];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    const random = seeded(seed);
    const bytes = conversation(random);
    const chunks = chunked(random, bytes);
    const plain = await outcome([bytes], {}, seeded(seed));
    const through = await outcome(chunks, passThrough(random), seeded(seed));
    const without = await outcome(chunks, {}, seeded(seed));
    const message = `WEBSOCKETS_TEST_SEED=${seed}`;
    assert.deepEqual(without.seen, plain.seen, message);
    assert.deepEqual(through.seen, plain.seen, message);
    assertPrefix(through.data, plain.data, message);
    assertPrefix(through.control, plain.control, message);
    events += plain.seen.length;
    errors += plain.seen.filter(([name]) => name === 'error').length;
  }
  if (CASES > 1) {
    assert.ok(events > CASES * 4, `${events} events`);
    assert.ok(errors > CASES / 5, `${errors} errors`);
  }
});

test('the same for what is sent: all of it arrives, in order, whatever the extensions take their time with', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES / 4; seed++) {
    const random = seeded(seed);
    const base = new Base({ mask: random(2) === 0 });
    base.extensions = passThrough(random);
    const stream = new OldStream();
    const sid = base.assignSocket(stream, { extensions: Object.keys(base.extensions) });
    const sent = [];
    for (let i = 0; i < 20; i++) {
      const payload = Buffer.alloc(random(300), i);
      const isPing = random(4) === 0 && payload.length < 126;
      sent.push([isPing ? PING : BINARY, payload]);
      isPing ? base.ping(sid, payload) : base.send(sid, payload);
      if (random(5) === 0) await new Promise(setImmediate);
    }
    await stream.inbox.atLeast('frame', sent.length);
    assert.deepEqual(
      stream.frames.map(({ opcode, payload }) => [opcode, payload]),
      sent,
      `WEBSOCKETS_TEST_SEED=${seed}`,
    );
    assert.equal(base.bufferedAmount(sid), 0);
    base.terminate(sid);
  }
});
