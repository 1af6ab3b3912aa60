'use strict';

const assert = require('node:assert/strict');

/**
 * Sends bytes from a raw client, the first of them as `head` and the rest cut at random places, and checks that a
 * served `Base` heard what they say, and no more.
 *
 * @param {{ events: object, raw: Function }} served what `served` gives
 * @param {(below: number) => number} served.random
 * @param {Buffer} served.bytes
 * @param {[name: string, payload: string | Buffer][]} served.expected the events, but for `open`
 */
async function hearsInPieces({ events, raw, random, bytes, expected }) {
  const head = random(1000);
  const client = await raw({ head: bytes.subarray(0, head) });
  for (let at = head; at < bytes.length; ) {
    const size = 1 + random([3, 50, 5000, 100_000][random(4)]);
    await client.write(bytes.subarray(at, at + size));
    at += size;
    if (random(3) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await events.until(() => events.all.length > expected.length);
  const heard = events.all.slice(1).map(({ name, args }) => [name, args[0]]);
  assert.equal(heard.length, expected.length);
  for (const [i, [name, payload]] of expected.entries()) {
    assert.equal(heard[i][0], name, `event ${i}`);
    const same = name === 'binary' ? payload.equals(heard[i][1]) : payload === heard[i][1];
    assert.ok(same, `what event ${i} carries`);
  }
}

module.exports = { hearsInPieces };
