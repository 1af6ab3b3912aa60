'use strict';

const assert = require('node:assert/strict');
const { bytesOf } = require('../support/payloads');
const { MESSAGES, TOTAL, fromWire, toWire } = require('./messages');

/** Bytes that a frame's header takes at most. */
const HEADER = 14;
/** How often the same message is sent to see whether those before it are remembered. */
const TIMES = 8;

/**
 * Compares messages one by one, without printing a megabyte where two differ.
 *
 * @param {(string | Buffer)[]} actual
 * @param {(string | Buffer)[]} expected
 * @param {string} what
 */
function assertSame(actual, expected, what) {
  assert.equal(actual.length, expected.length, `${what}: the number of messages`);
  expected.forEach((message, i) => {
    const type = (value) => `${typeof value === 'string' ? 'text' : 'binary'} of ${Buffer.byteLength(value)} bytes`;
    assert.equal(type(actual[i]), type(message), `${what}: message ${i}`);
    assert.ok(Buffer.from(actual[i]).equals(Buffer.from(message)), `${what}: message ${i} (${type(message)}) differs`);
  });
}

/** Counts bytes of a `Base` from here on. */
function meter(base) {
  const before = base.stats();
  return () => {
    const { bytesSent, bytesReceived } = base.stats();
    return { sent: bytesSent - before.bytesSent, received: bytesReceived - before.bytesReceived };
  };
}

/** The peer sends every message at once and we echo, then the other way about. */
async function echoes(end, peer, { sent, received, ratio }) {
  const measured = meter(end.base);
  const wire = MESSAGES.map(toWire);
  const [heard] = await Promise.all([end.echo(wire.length), peer.send(wire)]);
  assertSame(heard, MESSAGES, 'what we heard');
  assertSame((await peer.receive(wire.length)).map(fromWire), MESSAGES, 'what we echoed');

  const echoed = peer.echo(MESSAGES.length);
  for (const message of MESSAGES) end.base.send(end.sid, message);
  assertSame(await end.receive(MESSAGES.length), MESSAGES, 'what the peer echoed');
  await echoed;

  const payload = 2 * TOTAL;
  const bytes = measured();
  for (const [what, compressed] of [
    ['sent', sent.compressed],
    ['received', received.compressed],
  ]) {
    const limits = compressed ? [payload / 100, payload * ratio] : [payload, payload * 1.01];
    const isWithin = bytes[what] > limits[0] && bytes[what] < limits[1];
    assert.ok(isWithin, `${bytes[what]} bytes ${what} for ${payload}, ${compressed ? '' : 'not '}compressed`);
  }
}

/** The same message again and again: by the bytes it takes one sees whether the last is remembered. */
async function repeats(end, peer, { sent, received, window }) {
  const message = bytesOf(window < 12 ? 100 : 2_000);
  const measured = meter(end.base);
  const echoed = peer.echo(TIMES);
  for (let i = 0; i < TIMES; i++) end.base.send(end.sid, message);
  assertSame(await end.receive(TIMES), Array(TIMES).fill(message), 'the same message');
  await echoed;
  const bytes = measured();
  for (const [what, { remembers }] of [
    ['sent', sent],
    ['received', received],
  ]) {
    const limits = remembers
      ? [message.length, message.length * 2 + TIMES * HEADER]
      : [message.length * TIMES, (message.length + 2 * HEADER) * TIMES];
    const isWithin = bytes[what] > limits[0] && bytes[what] < limits[1];
    assert.ok(isWithin, `${bytes[what]} bytes ${what}, ${remembers ? '' : 'not '}with the context of those before`);
  }
}

/** What a window of 2^15 bytes reaches only just, and what is left out of every window. */
async function reach(end, peer) {
  const [far, plain] = [bytesOf(30_000), bytesOf(150).subarray(50)];
  const messages = [far, far, plain, Buffer.concat([plain, plain]), far];
  const echoed = peer.echo(messages.length);
  for (const message of messages) end.base.send(end.sid, message, { compress: message !== plain });
  assertSame(await end.receive(messages.length), messages, 'what is far back');
  await echoed;
}

/** Fragmented messages, cut between characters and with empty fragments. */
async function fragments(end, peer) {
  for (const parts of [['', 'ä', '', '漢字', '😀'.repeat(20_000), ''], [125, 0, 126, 70_000].map(bytesOf)]) {
    const pings = await peer.fragments(parts.map(toWire));
    const whole = typeof parts[0] === 'string' ? parts.join('') : Buffer.concat(parts);
    assertSame(await end.receive(1), [whole], 'fragments');
    for (let i = 0; i < pings; i++) assert.deepEqual(await end.next('ping'), ['', end.sid, Buffer.alloc(0)]);
  }
}

/** We ping, and then close. */
async function ourClosing(end, peer, { closesWith = 4001 }) {
  const closed = peer.closed();
  end.base.ping(end.sid, 'da? 😀');
  assert.deepEqual(await end.next('pong'), ['da? 😀', end.sid, Buffer.from('da? 😀')]);
  end.base.close(end.sid, 4001, 'bis später 👋');
  assert.deepEqual(await closed, { code: 4001, reason: 'bis später 👋' });
  const [, sid, code] = await end.next('close');
  assert.deepEqual([sid, code], [end.sid, closesWith]);
}

/** The peer pings where it can, and then closes. */
async function theirClosing(end, peer, { pings }) {
  if (pings) {
    const [heard] = await Promise.all([end.next('ping'), peer.ping('noch da? 😀')]);
    assert.deepEqual(heard, ['noch da? 😀', end.sid, Buffer.from('noch da? 😀')]);
  }
  const [heard, { code }] = await Promise.all([end.next('close'), peer.close(4002, 'tschüß 👋')]);
  assert.deepEqual(heard, ['tschüß 👋', end.sid, 4002]);
  assert.equal(code, 4002);
}

module.exports = { echoes, fragments, ourClosing, reach, repeats, theirClosing };
