'use strict';

const assert = require('node:assert/strict');
const { Duplex } = require('node:stream');
const { test } = require('node:test');
const { Base } = require('../..');
const { encode } = require('../support/frames');

// A Duplex of its own: what becomes of its end is what these are about, so no other transport carries it.

/** A stream whose writes take a turn of the event loop, and which knows how it ended. */
class Slow extends Duplex {
  written = 0;
  ended = false;

  constructor() {
    super({ allowHalfOpen: true });
  }

  _read() {}

  _write(chunk, _encoding, done) {
    this.written += chunk.length;
    setImmediate(done);
  }

  _final(done) {
    this.ended = true;
    done();
  }
}

/** The end of a stream: what it had written, and whether its write side was ended. */
function destroyed(stream) {
  return new Promise((resolve) => {
    stream.once('close', () => resolve({ written: stream.written, ended: stream.ended }));
  });
}

const CLOSE = encode({ opcode: 8, payload: Buffer.from([3, 232]), mask: true });
const closeLength = 4;

test('replies to what a pause had held leave before the end, though the FIN came meanwhile', async () => {
  const base = new Base();
  const stream = new Slow();
  const over = destroyed(stream);
  const paused = new Promise((resolve) => {
    base.once('message', (_text, sid) => {
      base.pause(sid);
      base.on('message', () => {
        for (let i = 0; i < 5; i++) base.send(sid, `reply${i}`);
      });
      resolve();
    });
  });
  const sid = base.assignSocket(stream);
  // More than is taken at once, so that the pause leaves some of it.
  const large = encode({ opcode: 2, payload: Buffer.alloc(140_000), mask: true });
  const first = encode({ opcode: 1, payload: 'first', mask: true });
  const second = encode({ opcode: 1, payload: 'second', mask: true });
  stream.push(Buffer.concat([first, large, second, CLOSE]));
  stream.push(null);
  await paused;
  // Node emits it although the stream is paused, if it has nothing left.
  stream.emit('end');
  base.resume(sid);
  assert.deepEqual(await over, { written: 5 * (2 + 'reply0'.length) + closeLength, ended: true });
});

test('a stream with much to write is ended, and not cut off, when the peer has ended', async () => {
  const base = new Base();
  const stream = new Slow();
  const over = destroyed(stream);
  base.on('message', (_text, sid) => base.send(sid, Buffer.alloc(200_000)));
  base.assignSocket(stream);
  stream.push(Buffer.concat([encode({ opcode: 1, payload: 'x', mask: true }), CLOSE]));
  stream.push(null);
  assert.deepEqual(await over, { written: 10 + 200_000 + closeLength, ended: true });
});
