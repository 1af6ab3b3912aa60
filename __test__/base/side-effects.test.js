'use strict';

// What is asked of an app's objects may do anything meanwhile: accessors of options and arrays, streams
// that are mock-ups, extensions. What was checked is what is used; nothing crashes; nothing is lost.

const assert = require('node:assert/strict');
const { Base } = require('../..');
const { BINARY, CLOSE, TEXT, encode } = require('../support/frames');
const { OldStream, listen, test } = require('../support/streams');

/** Collects what is uncaught until the test is over; its runner hears nothing of it. */
function uncaughtBy(t) {
  const uncaught = [];
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  return uncaught;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const opcodes = (stream) => stream.frames.map(({ opcode }) => opcode);

/** A `Base` with so many connections over mock-ups. */
function connected(count, options) {
  const base = new Base(options);
  const streams = Array.from({ length: count }, () => new OldStream());
  const sids = streams.map((stream) => base.assignSocket(stream));
  return { base, events: listen(base), streams, sids };
}

test('an accessor in an array of sids closes one of them: nothing follows the close frame', () => {
  const {
    base,
    streams: [one, two],
    sids,
  } = connected(2);
  const asked = [...sids];
  Object.defineProperty(asked, 1, { get: () => base.close(sids[0]) && sids[1] });
  base.send(asked, 'x');
  assert.deepEqual([opcodes(one), opcodes(two)], [[CLOSE], [TEXT]]);
});

for (const [form, address] of [
  ['all', () => null],
  ['several', (sids) => sids],
]) {
  test(`a stream closes another connection in write(), in a send to ${form}: nothing follows the close frame`, () => {
    const {
      base,
      streams: [one, two],
      sids,
    } = connected(2);
    one.once('frame', () => base.close(sids[1]));
    base.send(address(sids), 'x');
    assert.deepEqual([opcodes(one), opcodes(two)], [[TEXT], [CLOSE]]);
  });
}

test('an extension closes all in write(): nothing follows a close frame', () => {
  const base = new Base();
  base.extensions.x = {
    write(next, frame) {
      if (frame.opcode === TEXT) base.close();
      next();
    },
  };
  const streams = [new OldStream(), new OldStream()];
  for (const stream of streams) base.assignSocket(stream, { extensions: ['x'] });
  base.send('x');
  assert.deepEqual(streams.map(opcodes), [[TEXT, CLOSE], [CLOSE]]);
});

test('each option is read once', () => {
  const once = (value) => {
    let reads = 0;
    return { enumerable: true, get: () => (reads++ === 0 ? value : undefined) };
  };
  const perMessageDeflate = Object.defineProperties({}, { level: once(1), threshold: once(5), memoryLimit: once(7) });
  const base = new Base(
    Object.defineProperties(
      { perMessageDeflate },
      {
        maxPayload: once(5),
        maxFragments: once(5),
        timeout: once(5),
        maxConnections: once(5),
        closeTimeout: once(5),
        maxBufferedAmount: once(5),
        pingInterval: once(5),
        mask: once(true),
        url: once('ws://a/'),
        enforceMasking: once(true),
      },
    ),
  );
  assert.deepEqual([base.timeout, base.maxConnections, base.mask, base.url.href], [5, 5, true, 'ws://a/']);
  base.assignSocket(new OldStream());
});

test('an accessor among the options of assignSocket assigns the same socket', () => {
  const base = new Base();
  const stream = new OldStream();
  const options = {
    get mask() {
      return void base.assignSocket(stream);
    },
  };
  assert.throws(() => base.assignSocket(stream, options), { code: 'ERR_WS_SOCKET_TAKEN' });
  assert.equal(base.connections, 1);
});

test('a stream that is evicted, and an accessor of the socket itself, assign the same socket', () => {
  const {
    base,
    streams: [evicted],
  } = connected(1, { maxConnections: 1 });
  const stream = new OldStream();
  let [evictions, reads] = [0, 0];
  evicted.write = () =>
    evictions++ === 0 && assert.throws(() => base.assignSocket(stream), { code: 'ERR_WS_SOCKET_TAKEN' });
  base.assignSocket(stream);
  const odd = new OldStream();
  Object.defineProperty(odd, 'destroyed', {
    get: () => reads++ === 0 && assert.throws(() => base.assignSocket(odd), { code: 'ERR_WS_SOCKET_TAKEN' }),
  });
  base.assignSocket(odd);
  assert.equal(base.connections, 1);
  assert.deepEqual([evictions, reads > 0], [1, true]);
});

test('a socket that was refused can be assigned later', () => {
  const { base } = connected(0);
  const stream = new OldStream();
  assert.throws(() => base.assignSocket(stream, { transport: 'socket' }), { code: 'ERR_WS_UNSUPPORTED_SOCKET' });
  base.assignSocket(stream);
  assert.equal(base.connections, 1);
});

test('an accessor among the options of send closes all, or takes the memory away', () => {
  const {
    base,
    streams: [stream],
    sids: [sid],
  } = connected(1);
  const data = new Uint8Array(100);
  base.send(sid, data, {
    get compress() {
      return structuredClone(data, { transfer: [data.buffer] }) && true;
    },
  });
  assert.deepEqual(
    stream.frames.map(({ payload }) => payload.length),
    [0],
  );
  base.send(sid, 'x', {
    get compress() {
      return base.close() && true;
    },
  });
  assert.deepEqual(opcodes(stream), [BINARY, CLOSE]);
});

test('a Buffer that lies about its length makes no control frame too long', () => {
  const {
    base,
    streams: [stream],
    sids: [sid],
  } = connected(1);
  const liar = Object.defineProperties(Buffer.alloc(1000, 'x'), { byteLength: { value: 5 }, length: { value: 5 } });
  base.ping(sid, liar).close(sid, liar);
  assert.deepEqual(
    stream.frames.map(({ payload }) => payload.length),
    [5, 7],
  );
});

test('what only looks like a Uint8Array is no head and no reason, and changes nothing', () => {
  const {
    base,
    sids: [sid],
  } = connected(1);
  const fake = Object.create(Uint8Array.prototype);
  assert.throws(() => base.assignSocket(new OldStream(), { head: fake }), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => base.close(sid, fake), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.equal(base.connections, 1);
});

test('the head is what it was when assignSocket was called', async () => {
  const { base, events } = connected(0);
  const head = encode({ opcode: TEXT, payload: 'head' });
  base.assignSocket(new OldStream(), { head });
  head.fill(0xff);
  assert.equal((await events.next('message'))[0], 'head');
});

for (const name of ['write', 'end', 'destroy', 'pause', 'resume']) {
  test(`${name}() of a stream throws: close is emitted all the same, once`, async (t) => {
    const {
      base,
      events,
      streams: [stream],
      sids: [sid],
    } = connected(1, { closeTimeout: 20 });
    const fault = new Error(`the fault of ${name}`);
    const uncaught = uncaughtBy(t);
    stream[name] = () => {
      throw fault;
    };
    for (const act of [
      () => base.pause(sid),
      () => base.resume(sid),
      () => base.send(sid, 'x'),
      () => base.terminate(sid),
    ]) {
      try {
        act();
      } catch (error) {
        assert.equal(error, fault);
      }
    }
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    await turn();
    assert.ok(uncaught.every((error) => error === fault));
    assert.equal(events.list('close').length, 1);
    assert.equal(base.stats().closing, 0);
  });
}

test('what throws in drain throws nowhere else', async (t) => {
  const {
    base,
    streams: [stream],
    sids: [sid],
  } = connected(1);
  const uncaught = uncaughtBy(t);
  base.on('drain', () => {
    throw new Error('in drain');
  });
  stream.write = () => false;
  base.send(sid, Buffer.alloc(100_000)).send(sid, Buffer.alloc(100_000));
  assert.ok(base.bufferedAmount(sid) > 0);
  stream.write = OldStream.prototype.write;
  stream.emit('drain');
  await turn();
  assert.deepEqual(
    uncaught.map(({ message }) => message),
    ['in drain'],
  );
  assert.equal(base.bufferedAmount(sid), 0);
});

test('a chunk without bytes is a TypeError to who emits it, and is not counted', () => {
  const {
    base,
    streams: [stream],
  } = connected(1);
  for (const chunk of [
    5,
    {},
    null,
    undefined,
    [1],
    { length: 3, subarray: () => ({}) },
    new Uint16Array(3),
    Object.create(Uint8Array.prototype),
  ]) {
    assert.throws(() => stream.emit('data', chunk), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  assert.equal(base.stats().bytesReceived, 0);
  assert.equal(base.connections, 1);
});
