'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const native = require('../../lib/native/native.js');

/** Settings, of which `connectionSettings` makes numbers. */
const SETTINGS = {
  mask: false,
  enforceMasking: true,
  maxPayload: 1024,
  maxFragments: 16,
  maxEmptyFragments: 16,
  maxChunks: Infinity,
  maxControlFrames: Infinity,
  maxMessages: Infinity,
  messageBurst: 10,
  pausesMessages: false,
  maxBufferedAmount: Infinity,
  timeout: 0,
  pingInterval: 0,
  closeTimeout: 100,
  level: 6,
  threshold: 1024,
  autoPong: true,
  explains: true,
  hearsWhileClosing: false,
  sharesMemory: false,
  textAsBytes: false,
  validatesUtf8: true,
};

const { setting } = native.constants;

/** The numbers of settings, at their places. */
function numbersOf(settings) {
  const numbers = new Float64Array(Object.keys(setting).length);
  for (const [name, value] of Object.entries(settings)) numbers[setting[name]] = Number(value);
  return numbers;
}

/** Opens a stream connection and drops it. */
function openStream(settings, deflate = '') {
  const slot = native.streamOpen(0, false, settings, deflate);
  native.streamBegin(slot);
  native.streamLose(slot, 0);
}

test('each setting has a place of its own', () => {
  assert.deepEqual(Object.keys(setting).sort(), Object.keys(SETTINGS).sort());
  assert.deepEqual(
    Object.values(setting),
    Object.values(setting).map((_, index) => index),
  );
});

test('settings are read by their places', () => {
  openStream(numbersOf(SETTINGS));
  openStream(numbersOf(SETTINGS), 'permessage-deflate; server_max_window_bits=9');
});

test('numbers that are missing or of another type are refused', () => {
  const numbers = numbersOf(SETTINGS);
  for (const given of [undefined, {}, [...numbers], numbers.subarray(1), new Float64Array(numbers.length + 1)]) {
    assert.throws(() => openStream(given), { name: 'Error', code: 'ERR_INVALID_ARG_TYPE' });
  }
  assert.throws(() => openStream(numbers, 'deflate'), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('a frame is written to memory of its own, if there is room for it', () => {
  const memory = Buffer.alloc(32);
  const payload = memory.subarray(16, 19);
  payload.write('abc');
  const write = (into, key = null) => native.encodeFrame(into, true, false, true, false, 1, payload, key);
  const into = Buffer.alloc(9);
  assert.equal(write(into), 5);
  assert.deepEqual(into, Buffer.from([0xa1, 3, 0x61, 0x62, 0x63, 0, 0, 0, 0]));
  assert.equal(write(into, Buffer.from([1, 1, 1, 1])), 9);
  assert.deepEqual(into, Buffer.from([0xa1, 0x83, 1, 1, 1, 1, 0x60, 0x63, 0x62]));
  for (const [short, key] of [
    [Buffer.alloc(4), null],
    [Buffer.alloc(8), Buffer.alloc(4)],
    [Buffer.alloc(14), Buffer.alloc(3)],
    [Buffer.alloc(14), Buffer.alloc(5)],
    [memory.subarray(4, 17), null],
    [memory.subarray(18), null],
  ]) {
    assert.throws(() => write(short, key), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  assert.equal(payload.toString(), 'abc');
});

test('memory that is shared is copied, wherever it begins, and never written to', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(64));
  shared.set(shared.map((_, at) => at));
  for (let start = 0; start < 16; start++) {
    for (let end = start; end <= 40; end++) {
      const view = shared.subarray(start, end);
      assert.deepEqual(native.encode(2, view, false, Infinity).subarray(2), Buffer.from(view));
    }
  }
  const words = new Uint16Array(shared.buffer, 2, 3);
  assert.deepEqual(native.encode(2, words, false, Infinity), Buffer.from([0x82, 6, 2, 3, 4, 5, 6, 7]));
  assert.deepEqual(native.parseHeader(Uint8Array.from(shared).fill(0x82, 0, 1)).slice(0, 2), [2, 1]);
  const own = Buffer.alloc(16);
  const refused = { code: 'ERR_INVALID_ARG_TYPE', message: /memory that is not shared/ };
  assert.throws(() => native.applyMask(shared, Buffer.from([1, 2, 3, 4])), refused);
  assert.throws(() => native.encodeFrame(shared, true, false, false, false, 1, own, null), refused);
  assert.deepEqual(
    shared,
    Uint8Array.from(shared, (_, at) => at),
  );
});

test('the size of a frame is known from its header, and bounded', () => {
  const frame = Buffer.from([0x82, 126, 1, 0]);
  assert.equal(native.frameSize(frame, 256), 4 + 256);
  assert.equal(native.frameSize(frame, Infinity), 4 + 256);
  assert.equal(native.frameSize(frame.subarray(0, 3), 0), undefined);
  assert.throws(() => native.frameSize(frame, 255), { code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
  assert.throws(() => native.frameSize(Buffer.from([0x83, 0]), 0), { code: 'WS_ERR_INVALID_OPCODE' });
  assert.equal(native.largestCompressed(800), 800 + 100 + 1024);
});

test('the constants are those of the RFC, of the documentation and of V8', () => {
  const { asks, tls, kind, opcode, statusCode, limit, default: defaults, setting: _, ...rest } = native.constants;
  assert.deepEqual(asks, { IN_ORDER: 1, OFFERS: 2 });
  assert.deepEqual(tls, { BEGUN: 1, SECURED: 2 });
  assert.deepEqual(Object.values(kind), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  assert.deepEqual(opcode, { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 });
  assert.deepEqual(statusCode, {
    NORMAL: 1000,
    GOING_AWAY: 1001,
    NO_STATUS: 1005,
    ABNORMAL: 1006,
    TRY_AGAIN_LATER: 1013,
  });
  const { MAX_SLOT, NO_SLOT, ...bounds } = limit;
  assert.deepEqual(bounds, {
    MAX_HEADER_LENGTH: 14,
    MAX_CONTROL_PAYLOAD: 125,
    MAX_REASON_LENGTH: 123,
    MIN_WINDOW_BITS: 8,
    MAX_WINDOW_BITS: 15,
    HIGH_MARK: 64 * 1024,
  });
  // Above five bits of what is asked of the connection, in what V8 keeps as an integer.
  assert.equal(NO_SLOT, MAX_SLOT + 1);
  assert.ok(NO_SLOT * 32 + 31 <= 2 ** 31 - 1);
  assert.deepEqual(defaults, {
    maxPayload: 16 * 1024 * 1024,
    maxFragments: 131_072,
    maxEmptyFragments: 1024,
    maxControlFrames: 10_000,
    timeout: 600_000,
    pingInterval: 0,
    closeTimeout: 5_000,
  });
  assert.deepEqual(rest, {
    validStatusCodes: [
      [1000, 1003],
      [1007, 1014],
      [3000, 4999],
    ],
    PERMESSAGE_DEFLATE: 'permessage-deflate',
    BACKPRESSURE: 'WS_ERR_BACKPRESSURE',
  });
});
