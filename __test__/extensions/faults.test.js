'use strict';

// What extensions do wrong, and frames of theirs that break the rules.

const assert = require('node:assert/strict');
const { Base } = require('../..');
const { LoopBack, test } = require('../support/streams');
const { BINARY, CLOSE, CONTINUATION, PING, TEXT, encode } = require('../support/frames');
const { appending, extended, messages, names, passing, turn } = require('../support/extended');

/** Bad extensions, by what they do with a frame that says `bad`; `code` is that of the error. */
const WRONG = {
  'next(err)': {
    code: 'E_MINE',
    message: 'mine',
    act: (next) => next(Object.assign(new Error('mine'), { code: 'E_MINE' })),
  },
  'next(err) without a code': { code: 'ERR_WS_EXTENSION', message: 'mine', act: (next) => next(new Error('mine')) },
  'next(a string)': { code: 'ERR_WS_EXTENSION', message: 'mine', act: (next) => next('mine') },
  'next(err) with a frame': {
    code: 'ERR_WS_EXTENSION',
    message: 'mine',
    act: (next, frame) => next(new Error('mine'), frame),
  },
  'a throw': {
    code: 'ERR_WS_EXTENSION',
    message: 'mine',
    act() {
      throw new Error('mine');
    },
  },
  'a throw of no Error': {
    code: 'ERR_WS_EXTENSION',
    message: 'mine',
    act() {
      throw 'mine';
    },
  },
  'a throw of undefined': {
    code: 'ERR_WS_EXTENSION',
    message: /x-a/,
    act() {
      throw undefined;
    },
  },
  'no Frame': { code: 'ERR_WS_EXTENSION', message: /x-a.*Frame/, act: (next) => next(null, {}) },
  'a Buffer': { code: 'ERR_WS_EXTENSION', message: /x-a.*Frame/, act: (next, frame) => next(null, frame.toBuffer()) },
  null: { code: 'ERR_WS_EXTENSION', message: /x-a.*Frame/, act: (next) => next(null, null) },
};

for (const way of ['read', 'write']) {
  for (const when of ['at once', 'later']) {
    for (const [what, { code, message, act }] of Object.entries(WRONG)) {
      if (when === 'later' && what.startsWith('a throw')) continue;
      test(`${what}, ${when}, in ${way}: an error with the sid, that frame is dropped, the rest goes on`, async () => {
        let then;
        const extension = passing({
          [way](next, frame) {
            if (!`${frame.content}`.startsWith('bad')) next(null, frame);
            else if (when === 'later') then = () => act(next, frame);
            else act(next, frame);
          },
        });
        const { base, events, sid, stream } = extended({ 'x-a': extension, 'x-b': appending('B') });
        for (const text of ['first', 'bad', 'last']) way === 'read' ? stream.text(text) : base.send(text);
        then?.();
        const heard = way === 'read' ? messages(events) : stream.texts;
        assert.deepEqual(heard, ['firstB', 'lastB']);
        assert.equal(events.list('error').length, 1);
        const [error] = events.list('error')[0];
        assert.ok(error instanceof Error);
        assert.deepEqual([error.code, error.sid], [code, sid]);
        assert[typeof message === 'string' ? 'equal' : 'match'](error.message, message);
        assert.equal(base.connections, 1);
        assert.equal(base.stats().errors, 1);
      });
    }
  }

  test(`next called twice in ${way}: an error, and the frame goes on once`, () => {
    const { base, events, sid } = extended(
      {
        'x-a': passing({
          [way](next, frame) {
            next(null, frame);
            next(null, frame);
            next(new Error('and again'));
          },
        }),
      },
      { stream: new LoopBack() },
    );
    base.send('x').send('y');
    assert.deepEqual(messages(events), ['x', 'y']);
    const errors = events.list('error').map(([{ code, message, sid: who }]) => [code, /twice/.test(message), who]);
    assert.deepEqual(errors, new Array(4).fill(['ERR_WS_EXTENSION', true, sid]));
  });

  test(`next called again later, and by one that waited, in ${way}`, async () => {
    const nexts = [];
    const { base, events } = extended(
      { 'x-a': passing({ [way]: (next) => nexts.push(next) }) },
      { stream: new LoopBack() },
    );
    base.send('x').send('y').send('z');
    nexts[0]();
    nexts[0]();
    nexts[1]();
    nexts[0]();
    nexts[2]();
    assert.deepEqual(messages(events), ['x', 'y', 'z']);
    assert.equal(events.list('error').length, 2);
  });

  test(`a throw after next in ${way}: an error, and the frame goes on`, () => {
    const { base, events } = extended(
      {
        'x-a': passing({
          [way](next, frame) {
            next(null, frame);
            throw new Error('behind next');
          },
        }),
      },
      { stream: new LoopBack() },
    );
    base.send('x').send('y');
    assert.deepEqual(messages(events), ['x', 'y']);
    assert.deepEqual(
      events.list('error').map(([{ message }]) => message),
      ['behind next', 'behind next'],
    );
  });

  test(`next never called in ${way}: what comes behind it waits, and terminate ends it at once`, async () => {
    const { base, events, sid } = extended({ 'x-a': passing({ [way]() {} }) }, { stream: new LoopBack() });
    base.send('x').send('y');
    await turn();
    assert.deepEqual(names(events), ['open']);
    assert.ok(base.connections === 1);
    base.terminate(sid);
    await turn();
    assert.deepEqual(events.list('close'), [['', sid, 1006]]);
  });

  test(`next never called in ${way}: a close is bounded by closeTimeout`, async () => {
    const { base, events, sid } = extended(
      { 'x-a': passing({ [way]() {} }) },
      { options: { closeTimeout: 30 }, stream: new LoopBack() },
    );
    base.send('x');
    base.close(sid, 'bye');
    assert.deepEqual(await events.next('close'), ['bye', sid, 1000]);
  });

  test(`an extension's error that nobody listens for is not thrown, in ${way}`, () => {
    const base = new Base();
    base.extensions = { 'x-a': passing({ [way]: (next) => next(new Error('unheard')) }) };
    base.assignSocket(new LoopBack(), { extensions: ['x-a'] });
    base.send('x');
    assert.equal(base.stats().errors, 1);
  });

  test(`an error listener that throws is uncaught, not the extension's or send's, and the rest goes on: ${way}`, async () => {
    const { base, events, stream } = extended(
      {
        'x-a': passing({
          [way]: (next, frame) => next(`${frame.content}` === 'bad' ? new Error('bad') : null, frame),
        }),
      },
      { stream: new LoopBack() },
    );
    const thrown = new Error('of the listener');
    base.once('error', () => {
      throw thrown;
    });
    const uncaught = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
    try {
      base.send('bad').send('good');
      assert.equal(await uncaught, thrown);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
    stream.text('more');
    assert.deepEqual(messages(events), ['good', 'more']);
    assert.equal(events.list('error').length, 1);
  });
}

test('a message listener that throws does no harm to the chain', async () => {
  const { base, events, stream } = extended({ 'x-a': passing() });
  const thrown = new Error('of the listener');
  base.once('message', () => {
    throw thrown;
  });
  const uncaught = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  stream.emit('data', Buffer.concat(['a', 'b'].map((payload) => encode({ opcode: TEXT, payload, mask: false }))));
  assert.equal(await uncaught, thrown);
  process.setUncaughtExceptionCaptureCallback(null);
  assert.deepEqual(messages(events), ['a', 'b']);
});

// What a chain gives is held to the rules.

for (const [what, change, code, closeCode] of [
  [
    'a message above maxPayload',
    (frame) => (frame.content = 'x'.repeat(1001)),
    'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    1009,
  ],
  ['invalid UTF-8', (frame) => (frame.content = Buffer.from([0xff])), 'WS_ERR_INVALID_UTF8', 1007],
  ['RSV1 left set', (frame) => (frame.rsv1 = true), 'WS_ERR_UNEXPECTED_RSV_1', 1002],
  ['RSV2 left set', (frame) => (frame.rsv2 = true), 'WS_ERR_UNEXPECTED_RSV_2_3', 1002],
  ['RSV3 left set', (frame) => (frame.rsv3 = true), 'WS_ERR_UNEXPECTED_RSV_2_3', 1002],
  ['an opcode that there is not', (frame) => (frame.opcode = 3), 'WS_ERR_INVALID_OPCODE', 1002],
  ['a continuation of nothing', (frame) => (frame.opcode = CONTINUATION), 'WS_ERR_INVALID_OPCODE', 1002],
  ['a fragmented ping', (frame) => Object.assign(frame, { opcode: PING, fin: false }), 'WS_ERR_EXPECTED_FIN', 1002],
  [
    'a ping of 126 bytes',
    (frame) => Object.assign(frame, { opcode: PING, content: 'x'.repeat(126) }),
    'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    1002,
  ],
  [
    'a close frame of 1 byte',
    (frame) => Object.assign(frame, { opcode: CLOSE, content: 'x' }),
    'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    1002,
  ],
  ['a mask that is missing', (frame) => (frame.mask = false), 'WS_ERR_EXPECTED_MASK', 1002],
]) {
  test(`read gives ${what}: ${code}, close ${closeCode}`, async () => {
    const { events, sid, stream } = extended(
      {
        'x-a': {
          read(next, frame) {
            if (`${frame.content}` === 'bad') change(frame);
            next(null, frame);
          },
        },
      },
      { options: { maxPayload: 1000, enforceMasking: true } },
    );
    for (const payload of ['good', 'bad', 'never']) stream.say({ opcode: TEXT, payload, mask: true });
    const [error] = await events.next('error');
    assert.deepEqual([error.code, error.sid, error.closeCode], [code, sid, closeCode]);
    stream.emit('end');
    assert.equal((await events.next('close'))[2], closeCode);
    assert.deepEqual(names(events), ['open', 'message', 'error', 'close']);
    assert.deepEqual(
      stream.frames.map(({ opcode, payload }) => [opcode, payload.readUInt16BE()]),
      [[CLOSE, closeCode]],
    );
  });
}

test('read gives a key that is none: an error, and the frame is dropped', () => {
  const { base, events, stream } = extended({
    'x-a': {
      read(next, frame) {
        if (`${frame.content}` === 'bad') Object.assign(frame, { mask: true, masking: Buffer.alloc(3) });
        next(null, frame);
      },
    },
  });
  stream.text('bad');
  stream.text('good');
  assert.equal(events.list('error').length, 1);
  assert.deepEqual(messages(events), ['good']);
  assert.equal(base.connections, 1);
});

test('what comes from the wire against the rules is found with extensions as without, behind what came before', async () => {
  for (const [frame, code] of [
    [{ opcode: 3 }, 'WS_ERR_INVALID_OPCODE'],
    [{ opcode: PING, fin: false }, 'WS_ERR_EXPECTED_FIN'],
    [{ opcode: TEXT, payload: 'x'.repeat(1001) }, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
    [{ opcode: BINARY, declaredLength: 2n ** 62n }, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
    [{ opcode: BINARY, declaredLength: 2n ** 63n }, 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'],
    [{ opcode: TEXT, rsv: 4 }, 'WS_ERR_UNEXPECTED_RSV_1'],
    [{ opcode: TEXT, payload: Buffer.from([0xff]) }, 'WS_ERR_INVALID_UTF8'],
  ]) {
    const read = async (next) => {
      await turn();
      next();
    };
    const { events, stream } = extended({ 'x-a': { read } }, { options: { maxPayload: 1000 } });
    stream.emit(
      'data',
      Buffer.concat([encode({ opcode: TEXT, payload: 'before', mask: false }), encode({ mask: false, ...frame })]),
    );
    stream.text('behind');
    assert.equal((await events.next('error'))[0].code, code);
    assert.deepEqual(names(events), ['open', 'message', 'error']);
  }
});

test('an extension may use the reserved bits: written with them, and taken away by reading', () => {
  const { base, events, stream } = extended(
    {
      'x-rsv': {
        write: (next, frame) => next(null, Object.assign(frame, { rsv1: true, rsv2: true, rsv3: true })),
        read(next, frame) {
          assert.ok(frame.rsv1 && frame.rsv2 && frame.rsv3);
          next(null, Object.assign(frame, { rsv1: false, rsv2: false, rsv3: false }));
        },
      },
    },
    { stream: new LoopBack() },
  );
  base.send('x');
  assert.deepEqual(
    stream.frames.map(({ rsv }) => rsv),
    [7],
  );
  assert.deepEqual(messages(events), ['x']);
});

for (const [what, change] of [
  ['an opcode that there is not', (frame) => (frame.opcode = 3)],
  ['a fragmented ping', (frame) => Object.assign(frame, { opcode: PING, fin: false })],
  ['a ping of 126 bytes', (frame) => Object.assign(frame, { opcode: PING, content: 'x'.repeat(126) })],
  ['a key that is none', (frame) => Object.assign(frame, { mask: true, masking: 'abcd' })],
]) {
  test(`write gives ${what}: an error, nothing of it is sent, and the rest is`, () => {
    const { base, events, sid, stream } = extended({
      'x-a': {
        write(next, frame) {
          if (`${frame.content}` === 'bad') change(frame);
          next(null, frame);
        },
      },
    });
    base.send('good').send('bad').send('last');
    assert.deepEqual(stream.texts, ['good', 'last']);
    const [[error]] = events.list('error');
    assert.match(error.code, /^WS_ERR_/);
    assert.deepEqual([error.sid, events.list('error').length, base.connections], [sid, 1, 1]);
  });
}

test('write may give more than maxPayload, which is a limit of what is received', () => {
  const { base, events, stream } = extended(
    { 'x-a': { write: (next, frame) => next(null, Object.assign(frame, { content: 'x'.repeat(2000) })) } },
    { options: { maxPayload: 1000 } },
  );
  base.send('.');
  assert.equal(stream.frames[0].payload.length, 2000);
  assert.equal(events.list('error').length, 0);
});

test('the client role: frames are masked behind the write chain, and unmasked before the read chain', () => {
  const { base, events, stream } = extended({ 'x-a': appending('A') }, { options: { mask: true } });
  base.send('out');
  stream.say({ opcode: TEXT, payload: 'in', mask: false });
  const [{ key, payload }] = stream.frames;
  assert.equal(key.length, 4);
  assert.equal(payload.toString(), 'outA');
  assert.deepEqual(messages(events), ['inA']);
});
