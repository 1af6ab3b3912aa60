'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Frame } = require('../..');
const {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  TEXT,
  FrameReader,
  closePayload,
  encode,
} = require('../support/frames');
const { bytesOf } = require('../support/payloads');

const LENGTHS = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20];

/** @returns {Frame} with these fields */
function frame(fields) {
  return Object.assign(new Frame(), fields);
}

test('a new frame is an empty text frame, unmasked', () => {
  const { fin, rsv1, rsv2, rsv3, opcode, mask, masking, length, content, payload } = new Frame();
  assert.deepEqual(
    { fin, rsv1, rsv2, rsv3, opcode, mask, masking, length },
    {
      fin: true,
      rsv1: false,
      rsv2: false,
      rsv3: false,
      opcode: TEXT,
      mask: false,
      masking: null,
      length: 0,
    },
  );
  assert.deepEqual([content, payload], [Buffer.alloc(0), Buffer.alloc(0)]);
  assert.equal(new Frame().isValid(), null);
  assert.deepEqual(new Frame().toBuffer(), Buffer.from([0x81, 0]));
});

for (const length of LENGTHS) {
  for (const mask of [false, true]) {
    test(`${length} bytes, ${mask ? 'masked' : 'unmasked'}: read, and built again, byte for byte`, () => {
      const payload = bytesOf(length);
      const bytes = encode({ opcode: BINARY, payload, mask });
      const read = new Frame(bytes);
      const { fin, opcode } = read;
      assert.deepEqual(
        { fin, opcode, mask: read.mask, length: read.length },
        { fin: true, opcode: BINARY, mask, length },
      );
      assert.ok(read.content.equals(payload));
      assert.ok(read.payload.equals(bytes.subarray(bytes.length - length)));
      const key = mask ? bytes.subarray(bytes.length - length - 4, bytes.length - length) : Buffer.alloc(0);
      assert.deepEqual(read.masking, key);
      assert.equal(read.isValid(), null);
      assert.ok(read.toBuffer().equals(bytes));
    });

    test(`${length} bytes, ${mask ? 'masked' : 'unmasked'}: built, and read by another codec`, () => {
      const payload = bytesOf(length);
      const bytes = frame({ opcode: BINARY, mask, content: payload }).toBuffer();
      const reader = new FrameReader();
      const [read] = reader.push(bytes);
      assert.equal(read.size, bytes.length);
      assert.deepEqual([read.fin, read.rsv, read.opcode, read.key !== null], [true, 0, BINARY, mask]);
      assert.ok(read.payload.equals(payload));
    });
  }
}

test('every bit of the first byte has its field', () => {
  for (const fin of [false, true]) {
    for (const rsv of [0, 1, 2, 3, 4, 5, 6, 7]) {
      for (const opcode of [CONTINUATION, TEXT, BINARY]) {
        const bytes = encode({ fin, rsv, opcode, payload: 'x', mask: true });
        const read = new Frame(bytes);
        const bits = (read.rsv1 ? 4 : 0) + (read.rsv2 ? 2 : 0) + (read.rsv3 ? 1 : 0);
        assert.deepEqual([read.fin, bits, read.opcode], [fin, rsv, opcode]);
        assert.equal(read.isValid(), null, "reserved bits are an extension's to set");
        assert.deepEqual(read.toBuffer(), bytes);
      }
    }
  }
});

test('control frames are read as well', () => {
  for (const opcode of [CLOSE, PING, PONG]) {
    const payload = opcode === CLOSE ? closePayload(1000, 'bye') : Buffer.alloc(125, 'p');
    const read = new Frame(encode({ opcode, payload }));
    assert.deepEqual([read.opcode, read.content], [opcode, payload]);
    assert.equal(read.isValid(), null);
  }
});

test('fields of a frame that was read can be changed', () => {
  const read = new Frame(encode({ opcode: TEXT, payload: 'before', mask: true }));
  Object.assign(read, { fin: false, rsv2: true, opcode: BINARY, content: Buffer.alloc(200, 1) });
  const [again] = new FrameReader().push(read.toBuffer());
  assert.deepEqual([again.fin, again.rsv, again.opcode, again.payload], [false, 2, BINARY, Buffer.alloc(200, 1)]);
  assert.deepEqual(again.key, read.masking, 'the key stays');
  read.mask = false;
  const [unmasked] = new FrameReader().push(read.toBuffer());
  assert.deepEqual([unmasked.key, unmasked.payload], [null, Buffer.alloc(200, 1)]);
});

test('content and payload take what send takes', () => {
  const abc = Buffer.from('abc');
  const memory = new Uint8Array([0, ...abc, 0]).buffer;
  for (const data of [
    'abc',
    abc,
    new Uint8Array(abc),
    new DataView(memory, 1, 3),
    new Uint8Array(memory, 1, 3),
    new Uint8Array(abc).buffer,
  ]) {
    for (const name of ['content', 'payload']) {
      assert.deepEqual(frame({ [name]: data })[name], abc);
    }
  }
  assert.deepEqual(frame({ content: new Uint16Array([0x6261]) }).content, Buffer.from('ab'));
  assert.deepEqual(frame({ content: 'grüße 😀' }).content, Buffer.from('grüße 😀'));
  assert.equal(frame({ content: 'ü' }).length, 2, 'bytes, not characters');
});

test('payload and content refuse what send refuses, and stay as they were', () => {
  const one = frame({ content: 'kept' });
  for (const data of [undefined, null, 5, {}, [], true]) {
    for (const name of ['payload', 'content']) {
      assert.throws(() => (one[name] = data), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    }
  }
  assert.equal(one.content.toString(), 'kept');
});

test('payload is the content as it is on the wire, either way', () => {
  const masking = Buffer.from([1, 2, 3, 4]);
  const one = frame({ mask: true, masking, content: Buffer.from([0, 0, 0, 0, 0]) });
  assert.deepEqual(one.payload, Buffer.from([1, 2, 3, 4, 1]));
  one.payload = Buffer.from([1, 2, 3, 4, 5]);
  assert.deepEqual(one.content, Buffer.from([0, 0, 0, 0, 4]));
  one.payload = 'text';
  assert.deepEqual(one.payload, Buffer.from('text'));
  const plain = frame({ payload: 'plain' });
  assert.deepEqual([plain.payload, plain.content], [Buffer.from('plain'), Buffer.from('plain')]);
  plain.content[0] ^= 0x20;
  assert.equal(`${plain.payload}`, 'Plain', 'unmasked, they are the same memory');
});

test('mask and masking may be set after the payload', () => {
  const one = frame({ payload: Buffer.from([1, 2, 3, 4, 5]) });
  Object.assign(one, { mask: true, masking: Buffer.from([1, 2, 3, 4]) });
  assert.deepEqual(one.content, Buffer.from([0, 0, 0, 0, 4]));
  one.mask = false;
  assert.deepEqual(one.payload, Buffer.from([0, 0, 0, 0, 4]), 'what it carries stays, once it was looked at');
});

test('setting the payload leaves the memory it was given alone', () => {
  const given = Buffer.from('masked');
  const one = frame({ mask: true, masking: Buffer.from([9, 9, 9, 9]) });
  one.payload = given;
  assert.notEqual(one.content.toString(), 'masked');
  assert.equal(given.toString(), 'masked');
});

test('a frame that was read unmasked can be masked', () => {
  const read = new Frame(encode({ opcode: TEXT, payload: 'abc' }));
  read.mask = true;
  assert.equal(read.isValid(), null);
  const [again] = new FrameReader().push(read.toBuffer());
  assert.deepEqual([`${again.payload}`, again.key], ['abc', read.masking]);
  assert.equal(read.masking.length, 4);
});

test('get and set know each property by its name', () => {
  const one = new Frame();
  const values = { fin: false, rsv1: true, rsv2: true, rsv3: true, opcode: BINARY, mask: true, length: 7 };
  for (const [name, value] of Object.entries(values)) {
    assert.equal(one.set(name, value), one);
    assert.deepEqual([one.get(name), one[name]], [value, value]);
  }
  one.set('masking', Buffer.from([1, 2, 3, 4])).set('content', 'abc');
  assert.deepEqual(one.get('content'), Buffer.from('abc'));
  assert.deepEqual(one.get('payload'), one.payload);
  assert.deepEqual([one.get('remnant'), one.get('glued')], [Buffer.alloc(0), false]);
  // An extension may keep something with the frame.
  assert.equal(one.set('own', 1).get('own'), 1);
  assert.equal(one.get('other'), undefined);
  for (const name of ['toBuffer', 'constructor', '__proto__', undefined]) {
    const error = { code: 'ERR_INVALID_ARG_TYPE', message: /the name of a property/ };
    assert.throws(() => one.get(name), error);
    assert.throws(() => one.set(name, 1), error);
  }
});

test('bytes behind the frame are its remnant', () => {
  const bytes = encode({ opcode: TEXT, payload: 'abc', mask: true });
  const alone = new Frame(bytes);
  assert.deepEqual([alone.glued, alone.remnant], [false, Buffer.alloc(0)]);
  const two = new Frame(Buffer.concat([bytes, Buffer.from('rest')]));
  assert.deepEqual([two.glued, `${two.remnant}`, `${two.content}`, two.length], [true, 'rest', 'abc', 3]);
  assert.deepEqual(two.toBuffer(), bytes, 'no part of it');
});

test('mapFrame() does what the constructor does, or nothing', () => {
  const one = frame({ rsv1: true, opcode: PING, content: 'before', length: 100 });
  assert.throws(() => one.mapFrame(Buffer.from([0x81, 5, 0x61])), { code: 'WS_ERR_INCOMPLETE_FRAME' });
  assert.throws(() => one.mapFrame('text'), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.deepEqual([one.rsv1, one.opcode, `${one.content}`, one.length], [true, PING, 'before', 100]);
  const bytes = encode({ opcode: BINARY, payload: 'after', mask: true });
  assert.equal(one.mapFrame(bytes), one);
  assert.deepEqual(one, new Frame(bytes));
});

test('a masking key is made where none is given, and stays', () => {
  const one = frame({ mask: true, content: 'x' });
  const bytes = one.toBuffer();
  assert.equal(one.masking.length, 4);
  assert.deepEqual(one.toBuffer(), bytes);
  const keys = new Set();
  for (let i = 0; i < 20; i++) {
    const other = frame({ mask: true });
    other.toBuffer();
    keys.add(other.masking.toString('hex'));
  }
  assert.ok(keys.size > 15, 'keys differ');
});

test('length may be set, and counts for nothing', () => {
  const one = frame({ content: 'abc', length: 500 });
  assert.equal(one.length, 500);
  assert.deepEqual(one.toBuffer(), encode({ opcode: TEXT, payload: 'abc', mask: false }));
  assert.equal(frame({ opcode: PING, length: 500 }).isValid(), null);
  one.content = 'abcd';
  assert.equal(one.length, 4, 'it was of other bytes');
});

test('reading copies: neither side changes the other', () => {
  const bytes = encode({ opcode: BINARY, payload: 'abc', mask: true });
  const before = Buffer.from(bytes);
  const read = new Frame(bytes);
  read.content[0] = 0;
  read.masking[0] ^= 1;
  assert.deepEqual(bytes, before);
  bytes.fill(0);
  assert.equal(read.content.toString('latin1', 1), 'bc');
});

test('a Uint8Array is read like a Buffer', () => {
  const bytes = encode({ opcode: TEXT, payload: 'abc' });
  const memory = new Uint8Array([0, ...bytes]);
  assert.equal(new Frame(memory.subarray(1)).content.toString(), 'abc');
});

for (const [what, fields, code] of [
  ['opcode 3', { opcode: 3 }, 'WS_ERR_INVALID_OPCODE'],
  ['opcode 11', { opcode: 11 }, 'WS_ERR_INVALID_OPCODE'],
  ['opcode 16', { opcode: 16 }, 'WS_ERR_INVALID_OPCODE'],
  ['opcode -1', { opcode: -1 }, 'WS_ERR_INVALID_OPCODE'],
  ['opcode 1.5', { opcode: 1.5 }, 'WS_ERR_INVALID_OPCODE'],
  ['opcode NaN', { opcode: NaN }, 'WS_ERR_INVALID_OPCODE'],
  ['opcode "1"', { opcode: '1' }, 'WS_ERR_INVALID_OPCODE'],
  ['opcode undefined', { opcode: undefined }, 'WS_ERR_INVALID_OPCODE'],
  ['a fragmented ping', { opcode: PING, fin: false }, 'WS_ERR_EXPECTED_FIN'],
  ['a fragmented close', { opcode: CLOSE, fin: false }, 'WS_ERR_EXPECTED_FIN'],
  ['a ping of 126 bytes', { opcode: PING, content: Buffer.alloc(126) }, 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
  ['a pong of 64 KiB', { opcode: PONG, content: Buffer.alloc(65536) }, 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
  ['a key of 3 bytes', { mask: true, masking: Buffer.alloc(3) }, 'WS_ERR_INVALID_MASKING_KEY'],
  ['a key of 5 bytes', { mask: true, masking: Buffer.alloc(5) }, 'WS_ERR_INVALID_MASKING_KEY'],
  ['a key that is a string', { mask: true, masking: 'abcd' }, 'WS_ERR_INVALID_MASKING_KEY'],
  ['a key that is an array', { mask: true, masking: [1, 2, 3, 4] }, 'WS_ERR_INVALID_MASKING_KEY'],
  ['a key that is undefined', { mask: true, masking: undefined }, null],
  ['a wrong key that is not used', { mask: false, masking: Buffer.alloc(3) }, null],
  ['a key that is a Uint8Array', { mask: true, masking: new Uint8Array(4) }, null],
  ['an empty ping', { opcode: PING }, null],
  ['a ping of 125 bytes', { opcode: PING, content: Buffer.alloc(125) }, null],
  ['a fragment', { opcode: CONTINUATION, fin: false }, null],
]) {
  test(`isValid() of ${what}: ${code}`, () => {
    const error = frame(fields).isValid();
    if (code === null) {
      assert.equal(error, null);
      frame(fields).toBuffer();
    } else {
      assert.ok(error instanceof Error);
      assert.equal(error.code, code);
      assert.notEqual(error.message, '');
    }
  });
}

for (const [what, bytes, code] of [
  ['nothing', Buffer.alloc(0), 'WS_ERR_INCOMPLETE_FRAME'],
  ['one byte', Buffer.from([0x81]), 'WS_ERR_INCOMPLETE_FRAME'],
  ['half an extended length', Buffer.from([0x81, 126, 1]), 'WS_ERR_INCOMPLETE_FRAME'],
  ['half a masking key', Buffer.from([0x81, 0x81, 1, 2]), 'WS_ERR_INCOMPLETE_FRAME'],
  ['a payload cut short', encode({ opcode: TEXT, payload: 'abc' }).subarray(0, -1), 'WS_ERR_INCOMPLETE_FRAME'],
  ['a length of 2^62', encode({ opcode: TEXT, declaredLength: 2n ** 62n }), 'WS_ERR_INCOMPLETE_FRAME'],
  [
    'a length with the top bit',
    encode({ opcode: TEXT, declaredLength: 2n ** 63n }),
    'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
  ],
  ['an opcode that there is not', encode({ opcode: 5 }), 'WS_ERR_INVALID_OPCODE'],
  ['a fragmented ping', encode({ opcode: PING, fin: false }), 'WS_ERR_EXPECTED_FIN'],
  ['a long pong', encode({ opcode: PONG, payload: Buffer.alloc(126) }), 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
]) {
  test(`new Frame() of ${what} throws ${code}`, () => {
    assert.throws(
      () => new Frame(bytes),
      (error) => error instanceof Error && error.code === code && error.message !== '',
    );
  });
}

test('new Frame() of what are no bytes is a TypeError', () => {
  for (const value of [null, 5, 'text', {}, [], new ArrayBuffer(2), new DataView(new ArrayBuffer(2))]) {
    assert.throws(() => new Frame(value), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  }
});

test('random bytes are a frame that is built again the same, or an Error with a code', () => {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) & 255;
  };
  let whole = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(Array.from({ length: random() % 12 }, random));
    if (bytes.length > 1 && i % 2 === 0)
      bytes[1] = (bytes[1] & 0x80) | Math.max(0, bytes.length - 2 - (bytes[1] & 0x80 ? 4 : 0));
    try {
      const frame = new Frame(bytes);
      assert.deepEqual(Buffer.concat([frame.toBuffer(), frame.remnant]), bytes);
      whole++;
    } catch (error) {
      assert.match(error.code, /^WS_ERR_/);
    }
  }
  assert.ok(whole > 500, `${whole} frames`);
});
