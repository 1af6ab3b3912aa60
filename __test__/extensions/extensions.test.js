'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Base, Frame } = require('../..');
const { collect } = require('../support/collect');
const { LoopBack, OldStream, listen, pair, test } = require('../support/streams');
const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closePayload, encode } = require('../support/frames');

/** @returns {object} an extension that appends its mark, by reading and by writing */
function appending(mark) {
  const append = (next, frame) => {
    if (frame.opcode === TEXT) frame.payload = `${frame.payload}${mark}`;
    next(null, frame);
  };
  return { read: append, write: append };
}

/** @returns {object} one that changes nothing, and whose `read` and `write` may be replaced */
function passing(functions) {
  const pass = (next, frame) => next(null, frame);
  return { read: pass, write: pass, ...functions };
}

/** @returns {object} a `Base` with these extensions, all of them on, and its stream */
function extended(extensions, { stream = new OldStream(), options, on = Object.keys(extensions), assign } = {}) {
  const base = new Base(options);
  base.extensions = extensions;
  const events = listen(base);
  const sid = base.assignSocket(stream, { extensions: on, ...assign });
  return { base, events, sid, stream };
}

const names = (events) => events.all.map(({ name }) => name);
const messages = (events) => events.list('message').map(([text]) => text);

/** The next turn of the event loop: whatever was on its way within the process is there. */
const turn = () => new Promise(setImmediate);

test('two extensions append on write, forwards, and on read, backwards', () => {
  const { base, events, sid, stream } = extended(
    { 'x-a': appending('A'), 'x-b': appending('B') },
    { stream: new LoopBack() },
  );
  base.send('Hello World.');
  assert.deepEqual(stream.texts, ['Hello World.AB']);
  assert.deepEqual(events.list('message'), [['Hello World.ABBA', sid]]);
});

test('the order is that of the options, not of base.extensions', () => {
  const { base, events, stream } = extended(
    { 'x-a': appending('A'), 'x-b': appending('B') },
    { on: ['x-b', 'x-a'], stream: new LoopBack() },
  );
  base.send('.');
  assert.deepEqual(stream.texts, ['.BA']);
  assert.deepEqual(messages(events), ['.BAAB']);
});

for (const [how, send, reached] of [
  ['one sid', (base, sids) => base.send(sids[1], 'Hello World.'), [1]],
  ['several', (base, sids) => base.send([sids[2], sids[0]], 'Hello World.'), [2, 0]],
  ['all', (base) => base.send('Hello World.'), [0, 1, 2]],
]) {
  test(`send to ${how} arrives with both suffixes, in order`, () => {
    const base = new Base();
    const events = listen(base);
    base.extensions = { 'x-a': appending(' one'), 'x-b': appending(' two') };
    const sids = [0, 1, 2].map(() => base.assignSocket(new LoopBack(), { extensions: ['x-a', 'x-b'] }));
    send(base, sids);
    assert.deepEqual(
      events.list('message'),
      reached.map((i) => ['Hello World. one two two one', sids[i]]),
    );
  });
}

test('the same extension twice runs twice', () => {
  const { base, stream } = extended({ 'x-a': appending('A') }, { on: ['x-a', 'x-a'] });
  base.send('.');
  assert.deepEqual(stream.texts, ['.AA']);
});

test('extensions are of the sockets that have them on', () => {
  const { base, events } = extended(
    { 'x-a': appending('A'), 'x-b': appending('B') },
    { on: ['x-b'], stream: new LoopBack() },
  );
  base.assignSocket(new LoopBack());
  base.send('.');
  assert.deepEqual(messages(events), ['.BB', '.']);
});

test('one with read alone, or write alone', () => {
  const { read } = appending('R');
  const { write } = appending('W');
  const { base, events, stream } = extended({ 'x-r': { read }, 'x-w': { write } }, { stream: new LoopBack() });
  base.send('.');
  assert.deepEqual(stream.texts, ['.W']);
  assert.deepEqual(messages(events), ['.WR']);
});

test('`this` is the connection, in both directions and in each extension', () => {
  const seen = [];
  function see(next, frame) {
    seen.push(this);
    next(null, frame);
  }
  const { base, sid } = extended(
    { 'x-a': { read: see, write: see }, 'x-b': { read: see, write: see } },
    { stream: new LoopBack() },
  );
  const connection = base.sockets[sid];
  base.send('x');
  assert.equal(seen.length, 4);
  assert.ok(seen.every((one) => one === connection));
  assert.deepEqual([connection.sid, connection.transport, connection.extensions], [sid, 'stream', ['x-a', 'x-b']]);
});

test('frames are Frames, with all they have', () => {
  const seen = [];
  const see = (next, frame) => {
    const { fin, rsv1, rsv2, rsv3, opcode, mask, length, payload, content } = frame;
    seen.push({ fin, rsv1, rsv2, rsv3, opcode, mask, length, payload: `${payload}`, masked: !content.equals(payload) });
    assert.ok(frame instanceof Frame);
    assert.equal(frame.isValid(), null);
    next(null, frame);
  };
  const { base, stream } = extended({ 'x-a': { read: see, write: see } });
  stream.say({ opcode: TEXT, payload: 'in', fin: false, mask: true });
  base.send('out');
  assert.deepEqual(seen, [
    {
      fin: false,
      rsv1: false,
      rsv2: false,
      rsv3: false,
      opcode: TEXT,
      mask: true,
      length: 2,
      payload: 'in',
      masked: true,
    },
    {
      fin: true,
      rsv1: false,
      rsv2: false,
      rsv3: false,
      opcode: TEXT,
      mask: false,
      length: 3,
      payload: 'out',
      masked: false,
    },
  ]);
});

test('next() without a frame passes the one that came, whether it was changed or not', () => {
  const change = (next, frame) => {
    frame.payload = `${frame.payload}!`;
    next();
  };
  const { base, events } = extended({ 'x-a': { read: change, write: (next) => next() } }, { stream: new LoopBack() });
  base.send('x');
  assert.deepEqual(messages(events), ['x!']);
});

test('another Frame takes the place of the one that came', () => {
  const replace = (next, { mask }) =>
    next(null, Object.assign(new Frame(), { opcode: BINARY, mask, payload: 'other' }));
  const { base, events, stream } = extended({ 'x-a': { read: replace } }, { options: { enforceMasking: true } });
  stream.say({ opcode: TEXT, payload: 'x', mask: true });
  assert.equal(base.connections, 1);
  assert.deepEqual(
    events.list('binary').map(([data]) => `${data}`),
    ['other'],
  );
});

test('control frames go through both ways', async () => {
  const seen = [];
  const see = (way) => (next, frame) => {
    seen.push([way, frame.opcode]);
    next(null, frame);
  };
  const { base, events, sid } = extended(
    { 'x-a': { read: see('read'), write: see('write') } },
    { stream: new LoopBack() },
  );
  base.ping(sid, 'p');
  base.close(sid, 'bye');
  assert.deepEqual(await events.next('close'), ['bye', sid, 1000]);
  assert.deepEqual(events.list('pong'), [['p', sid]]);
  assert.deepEqual(seen, [
    ['write', PING],
    ['read', PING],
    ['write', PONG],
    ['read', PONG],
    ['write', CLOSE],
    ['read', CLOSE],
  ]);
});

test('an extension may change a control frame', () => {
  const { base, events } = extended(
    {
      'x-a': passing({
        read(next, frame) {
          if (frame.opcode === PONG) frame.payload = `${frame.payload} changed`;
          next(null, frame);
        },
      }),
    },
    { stream: new LoopBack() },
  );
  base.ping('p');
  assert.deepEqual(
    events.list('pong').map(([text]) => text),
    ['p changed'],
  );
});

test('fragments go through one by one, and a ping between them', () => {
  const seen = [];
  const { base, events, stream } = extended({
    'x-a': passing({
      read(next, frame) {
        seen.push(`${frame.payload}`);
        if (frame.opcode < CLOSE) frame.payload = `(${frame.payload})`;
        next(null, frame);
      },
    }),
  });
  stream.say({ opcode: TEXT, payload: 'a', fin: false });
  stream.say({ opcode: CONTINUATION, payload: 'b', fin: false });
  stream.say({ opcode: PING, payload: 'p' });
  stream.say({ opcode: CONTINUATION, payload: '', fin: true });
  assert.deepEqual(seen, ['a', 'b', 'p', '']);
  assert.deepEqual(messages(events), ['(a)(b)()']);
  assert.deepEqual(
    events.list('ping').map(([text]) => text),
    ['p'],
  );
  assert.equal(base.stats().errors, 0);
});

test('frames that come byte by byte, or many in one chunk, are the same to an extension', () => {
  const { events, stream } = extended({ 'x-a': appending('A') });
  const bytes = Buffer.concat(['one', 'two', 'x'.repeat(300)].map((payload) => encode({ opcode: TEXT, payload })));
  for (const byte of bytes) stream.emit('data', Buffer.of(byte));
  stream.emit('data', bytes);
  const expected = ['oneA', 'twoA', `${'x'.repeat(300)}A`];
  assert.deepEqual(messages(events), [...expected, ...expected]);
});

test('head goes through the extensions, and what follows in the stream behind it', async () => {
  const base = new Base();
  const events = listen(base);
  base.extensions = { 'x-a': appending('A') };
  const stream = new OldStream();
  const whole = encode({ opcode: TEXT, payload: 'split' });
  base.assignSocket(stream, {
    extensions: ['x-a'],
    head: Buffer.concat([encode({ opcode: TEXT, payload: 'head' }), whole.subarray(0, 3)]),
  });
  stream.emit('data', whole.subarray(3));
  await events.atLeast('message', 2);
  assert.deepEqual(messages(events), ['headA', 'splitA']);
});

// Later.

for (const way of ['read', 'write']) {
  test(`next called later, and in another order, keeps the order of frames: ${way}`, async () => {
    const delays = [3, 0, 2, 1, 0];
    let n = 0;
    const { base, events, stream } = extended({
      'x-a': passing({
        async [way](next, frame) {
          for (let i = delays[n++ % delays.length]; i > 0; i--) await turn();
          next(null, frame);
        },
      }),
      'x-b': appending('B'),
    });
    const sent = Array.from({ length: 20 }, (_, i) => `${i}`);
    for (const text of sent) way === 'read' ? stream.text(text) : base.send(text);
    await (way === 'read' ? events.atLeast('message', 20) : stream.inbox.atLeast('frame', 20));
    assert.deepEqual(
      way === 'read' ? messages(events) : stream.texts,
      sent.map((text) => `${text}B`),
    );
  });
}

test('one connection that waits does not hold up another', () => {
  const held = [];
  const { base, events } = extended({ 'x-a': { read: (next) => held.push(next), write: (next) => next() } });
  const [slow] = base.socketsHistory;
  const quick = base.assignSocket(new LoopBack());
  base.sockets[slow].socket.text('waits');
  base.send('x');
  assert.deepEqual(events.list('message'), [['x', quick]]);
  held[0]();
  assert.deepEqual(events.list('message')[1], ['waits', slow]);
});

test('one direction that waits does not hold up the other', () => {
  const { base, stream } = extended({ 'x-a': { read() {} } });
  stream.text('stuck');
  base.send('free');
  assert.deepEqual(stream.texts, ['free']);
});

test('a frame that waits counts as buffered, and as bytes of it alone', () => {
  const held = [];
  const { base, sid, stream } = extended({ 'x-a': { write: (next) => held.push(next) } });
  base.send('x'.repeat(100)).send('y'.repeat(200));
  assert.equal(base.bufferedAmount(sid), 102 + 204);
  assert.equal(base.stats().queuedBytes, 102 + 204);
  held.shift()();
  assert.equal(base.bufferedAmount(sid), 204);
  held.shift()(new Error('dropped'));
  assert.equal(base.bufferedAmount(sid), 0);
  assert.equal(stream.frames.length, 1);
});

for (const [how, leave] of [
  ['passes', (next) => next()],
  ['is dropped', (next) => next(new Error('no'))],
]) {
  test(`drain comes when the last frame that waited ${how}`, async () => {
    const held = [];
    const [near, far] = pair();
    far.resume();
    const { base, events, sid } = extended({ 'x-a': { write: (next) => held.push(next) } }, { stream: near });
    for (let i = 0; i < 70; i++) base.send('x'.repeat(1000));
    for (let i = 0; i < 70; i++) {
      await turn();
      assert.equal(events.list('drain').length, 0);
      i === 69 ? leave(held.shift()) : held.shift()();
    }
    assert.deepEqual(await events.next('drain'), [sid]);
    assert.equal(base.bufferedAmount(sid), 0);
    await turn();
    assert.equal(events.list('drain').length, 1);
  });
}

test('next called inside another next, many frames deep, does not overflow the stack', async () => {
  const held = [];
  const { base, stream } = extended(
    { 'x-a': { write: (next) => held.push(next) }, 'x-b': passing() },
    { options: { maxBufferedAmount: Infinity } },
  );
  for (let i = 0; i < 50_000; i++) base.send(`${i}`);
  while (held.length > 0) held.shift()();
  assert.equal(stream.frames.length, 50_000);
  const sync = extended({ 'x-a': passing() });
  sync.stream.emit(
    'data',
    Buffer.concat(Array.from({ length: 50_000 }, () => encode({ opcode: TEXT, payload: 'x', mask: false }))),
  );
  assert.equal(sync.events.list('message').length, 50_000);
});

// What goes wrong.

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
            if (!`${frame.payload}`.startsWith('bad')) next(null, frame);
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
          [way]: (next, frame) => next(`${frame.payload}` === 'bad' ? new Error('bad') : null, frame),
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
    (frame) => (frame.payload = 'x'.repeat(1001)),
    'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    1009,
  ],
  ['invalid UTF-8', (frame) => (frame.payload = Buffer.from([0xff])), 'WS_ERR_INVALID_UTF8', 1007],
  ['RSV1 left set', (frame) => (frame.rsv1 = true), 'WS_ERR_UNEXPECTED_RSV_1', 1002],
  ['RSV2 left set', (frame) => (frame.rsv2 = true), 'WS_ERR_UNEXPECTED_RSV_2_3', 1002],
  ['RSV3 left set', (frame) => (frame.rsv3 = true), 'WS_ERR_UNEXPECTED_RSV_2_3', 1002],
  ['an opcode that there is not', (frame) => (frame.opcode = 3), 'WS_ERR_INVALID_OPCODE', 1002],
  ['a continuation of nothing', (frame) => (frame.opcode = CONTINUATION), 'WS_ERR_INVALID_OPCODE', 1002],
  ['a fragmented ping', (frame) => Object.assign(frame, { opcode: PING, fin: false }), 'WS_ERR_EXPECTED_FIN', 1002],
  [
    'a ping of 126 bytes',
    (frame) => Object.assign(frame, { opcode: PING, payload: 'x'.repeat(126) }),
    'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    1002,
  ],
  [
    'a close frame of 1 byte',
    (frame) => Object.assign(frame, { opcode: CLOSE, payload: 'x' }),
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
            if (`${frame.payload}` === 'bad') change(frame);
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
        if (`${frame.payload}` === 'bad') Object.assign(frame, { mask: true, masking: Buffer.alloc(3) });
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
  ['a ping of 126 bytes', (frame) => Object.assign(frame, { opcode: PING, payload: 'x'.repeat(126) })],
  ['a key that is none', (frame) => Object.assign(frame, { mask: true, masking: 'abcd' })],
]) {
  test(`write gives ${what}: an error, nothing of it is sent, and the rest is`, () => {
    const { base, events, sid, stream } = extended({
      'x-a': {
        write(next, frame) {
          if (`${frame.payload}` === 'bad') change(frame);
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
    { 'x-a': { write: (next, frame) => next(null, Object.assign(frame, { payload: 'x'.repeat(2000) })) } },
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

// A connection that ends while a frame is inside.

for (const [how, end, expected] of [
  ['terminate', ({ base, sid }) => base.terminate(sid), ['', 1006]],
  ['close by us', ({ base, sid }) => base.close(sid, 'ours'), ['ours', 1000]],
  ['an eviction', ({ base }) => base.assignSocket(new OldStream()), ['maxConnections reached.', 1013]],
]) {
  test(`${how} while a frame is in the read chain: it is not emitted, and next then does nothing`, async () => {
    const held = [];
    const setup = extended(
      { 'x-a': { read: (next) => held.push(next) } },
      { options: { maxConnections: 1, closeTimeout: 20 } },
    );
    setup.stream.text('inside');
    end(setup);
    const [reason, who, code] = await setup.events.next('close');
    assert.deepEqual([reason, who, code], [expected[0], setup.sid, expected[1]]);
    for (const next of held) {
      next();
      next();
      next(new Error('late'));
    }
    assert.equal(setup.events.list('message').length, 0);
    assert.equal(setup.events.list('error').length, 0);
    setup.base.terminate(null);
  });
}

for (const event of ['end', 'close', 'error']) {
  test(`'${event}' of the stream while frames are in the read chain: they are delivered, then close`, async () => {
    const read = async (next) => {
      await turn();
      next();
    };
    const { events, sid, stream } = extended({ 'x-a': { read } });
    for (const text of ['a', 'b', 'c']) stream.text(text);
    stream.emit(event, new Error('of the stream'));
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(names(events), ['open', 'message', 'message', 'message', 'close']);
  });

  test(`'${event}' of the stream while a frame is stuck in the read chain: close comes by closeTimeout`, async () => {
    const { events, sid, stream } = extended({ 'x-a': { read() {} } }, { options: { closeTimeout: 20 } });
    stream.text('stuck');
    stream.emit(event, new Error('of the stream'));
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(names(events), ['open', 'close']);
  });

  test(`'${event}' of the stream while a frame is held, then send and close: no close frame behind what is dropped`, async () => {
    const held = [];
    const { base, events, sid, stream } = extended({ 'x-a': { read: (next) => held.push(next) } });
    stream.text('held');
    stream.emit(event, new Error('of the stream'));
    base.send('dropped').close(sid, 'bye');
    await turn();
    held[0]();
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(stream.frames, []);
  });

  test(`'${event}' of the stream while frames are in the write chain: close, and next then does nothing`, async () => {
    const held = [];
    const { base, events, sid, stream } = extended({ 'x-a': { write: (next) => held.push(next) } });
    base.send('x').send('y');
    stream.emit(event, new Error('of the stream'));
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    held[0]();
    held[0](new Error('late'));
    assert.equal(stream.frames.length, 0);
    assert.deepEqual(names(events), ['open', 'close']);
    assert.equal(base.stats().queuedBytes, 0);
  });
}

test('the peer closes while frames are in both chains: all is delivered and written, in order', async () => {
  const later = async (next) => {
    await turn();
    next();
  };
  const { base, events, sid, stream } = extended({ 'x-a': { read: later, write: later } });
  base.on('message', (text) => base.send(`reply to ${text}`));
  stream.text('a');
  stream.text('b');
  stream.say({ opcode: CLOSE, payload: closePayload(3001, 'theirs') });
  assert.deepEqual(await events.next('close'), ['theirs', sid, 3001]);
  assert.deepEqual(messages(events), ['a', 'b']);
  assert.deepEqual(stream.texts.slice(0, 2), ['reply to a', 'reply to b']);
  assert.equal(stream.frames[2].opcode, CLOSE);
  assert.equal(stream.inbox.list('ended').length, 1);
});

test('close by us waits behind the frames in the write chain', async () => {
  const later = async (next) => {
    await turn();
    next();
  };
  const { base, events, sid, stream } = extended({ 'x-a': { write: later } }, { stream: new LoopBack() });
  base.send('x').send('y').close(sid, 'bye');
  await events.next('close');
  assert.deepEqual(
    stream.frames.map(({ opcode }) => opcode),
    [TEXT, TEXT, CLOSE],
  );
});

test('an extension that closes, sends or terminates inside', async () => {
  const acts = {
    send: (base) => base.send('inner'),
    close: (base, sid) => base.close(sid, 'x'),
    terminate: (base, sid) => base.terminate(sid),
  };
  for (const [name, act] of Object.entries(acts)) {
    for (const way of ['read', 'write']) {
      let done = false;
      const base = new Base();
      const events = listen(base);
      base.extensions = {
        'x-a': passing({
          [way](next, frame) {
            if (!done) {
              done = true;
              act(base, this.sid);
            }
            next(null, frame);
          },
        }),
      };
      const sid = base.assignSocket(new LoopBack(), { extensions: ['x-a'] });
      base.send('outer');
      if (name === 'send') {
        assert.deepEqual(messages(events).sort(), ['inner', 'outer']);
        base.terminate(sid);
      }
      const [, , code] = await events.next('close');
      assert.equal(code, name === 'close' ? 1000 : 1006);
      if (name !== 'send') assert.equal(events.list('message').length, 0, `${name} in ${way}`);
      assert.equal(events.list('close').length, 1);
    }
  }
});

// Memory.

test('frames stuck in the write chain: maxBufferedAmount, and only that connection is dropped', async () => {
  const { base, events, sid } = extended({ 'x-a': { write() {} } }, { options: { maxBufferedAmount: 100_000 } });
  const other = base.assignSocket(new LoopBack());
  let sent = 0;
  for (; sent < 1000 && base.bufferedAmount(sid) < 100_000; sent++) base.send(sid, 'x'.repeat(1000));
  assert.equal(sent, 100);
  base.send('one too many');
  base.send('and one more');
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', sid]);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.deepEqual(events.list('message'), [
    ['one too many', other],
    ['and one more', other],
  ]);
  assert.equal(events.list('error').length, 1);
  assert.equal(base.stats().queuedBytes, 0);
});

test('frames stuck in the read chain of a stream that cannot be paused: dropped at maxBufferedAmount and one message', async () => {
  const { events, sid, stream } = extended(
    { 'x-a': { read() {} } },
    { options: { maxBufferedAmount: 100_000, maxPayload: 20_000 } },
  );
  let taken = 0;
  while (events.list('close').length === 0 && taken < 1_000_000) {
    stream.text('x'.repeat(1000));
    taken += 1000;
    await turn();
  }
  assert.ok(taken > 100_000 && taken < 130_000, `${taken}`);
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', sid]);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
});

test('frames stuck in the read chain of a stream that can be paused: the peer is stopped, and goes on afterwards', async () => {
  const held = [];
  const [near, far] = pair();
  const { base, events, sid } = extended(
    { 'x-a': { read: (next) => held.push(next) } },
    { stream: near, options: { maxBufferedAmount: 200_000 } },
  );
  const frame = encode({ opcode: BINARY, payload: Buffer.alloc(10_000, 1) });
  for (let i = 0; i < 100; i++) far.write(frame);
  for (let i = 0; i < 20; i++) await turn();
  assert.equal(near.isPaused(), true);
  assert.ok(far.writableLength > 800_000, 'the peer waits');
  assert.equal(events.list('error').length, 0);
  for (let i = 0; i < 100; i++) {
    while (held.length === 0) await turn();
    // Dropping a frame makes room as well.
    held.shift()(i % 2 === 0 ? null : new Error('dropped'));
  }
  await events.atLeast('binary', 50);
  assert.equal(near.isPaused(), false);
  assert.equal(events.list('error').length, 50);
  base.terminate(sid);
});

test('a single large frame that is dropped later lets the peer go on', async () => {
  const held = [];
  const [near, far] = pair();
  const { base, events, sid } = extended({ 'x-a': { read: (next) => held.push(next) } }, { stream: near });
  far.write(encode({ opcode: BINARY, payload: Buffer.alloc(100_000) }));
  while (held.length === 0) await turn();
  assert.equal(near.isPaused(), true);
  far.write(encode({ opcode: TEXT, payload: 'next' }));
  held.shift()(new Error('dropped'));
  while (held.length === 0) await turn();
  held.shift()();
  assert.deepEqual(await events.next('message'), ['next', sid]);
  base.terminate(sid);
});

test('pause by the app holds, whatever a chain does', async () => {
  const held = [];
  const [near, far] = pair();
  const { base, events, sid } = extended({ 'x-a': { read: (next) => held.push(next) } }, { stream: near });
  far.write(encode({ opcode: BINARY, payload: Buffer.alloc(100_000) }));
  while (held.length === 0) await turn();
  base.pause(sid);
  held.shift()();
  assert.equal(near.isPaused(), true);
  base.resume(sid);
  await events.next('binary');
  assert.equal(near.isPaused(), false);
  base.terminate(sid);
});

test('a frame that is not whole is bounded by maxPayload', async () => {
  const { events, stream } = extended({ 'x-a': passing() }, { options: { maxPayload: 1000 } });
  stream.emit('data', encode({ opcode: TEXT, payload: '', declaredLength: 1001n }));
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.closeCode], ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009]);
});

// Which are on.

for (const [asked, expected] of [
  [undefined, []],
  [null, []],
  [[], []],
  ['', []],
  [' , ,', []],
  [['x-a'], ['x-a']],
  ['x-a', ['x-a']],
  ['x-b, x-a', ['x-b', 'x-a']],
  ['x-b,x-a', ['x-b', 'x-a']],
  [
    ['x-a; level=9', 'x-b ; k="v"'],
    ['x-a', 'x-b'],
  ],
  ['x-a; level="9"; y, x-b;z=1', ['x-a', 'x-b']],
  ['x-a; odd="\\9", x-b', ['x-a', 'x-b']],
  ['\tx-a\t,\tx-b', ['x-a', 'x-b']],
]) {
  test(`extensions ${JSON.stringify(asked)} are ${JSON.stringify(expected)}`, () => {
    const { base, sid } = extended({ 'x-a': passing(), 'x-b': passing() }, { assign: { extensions: asked } });
    assert.deepEqual(base.sockets[sid].extensions, expected);
    base.terminate(sid);
  });
}

/** Asserts that nothing changed: the same socket can be assigned afterwards. */
function refused(known, asked, expected) {
  const base = new Base({ maxConnections: 1 });
  base.extensions = known;
  const oldest = base.assignSocket(new LoopBack());
  const events = listen(base);
  const stream = new OldStream();
  stream.write = () => assert.fail('nothing may be written');
  const before = stream.eventNames();
  assert.throws(() => base.assignSocket(stream, { extensions: asked }), expected);
  assert.deepEqual(stream.eventNames(), before);
  assert.deepEqual([...base.socketsHistory], [oldest], 'nobody was evicted');
  assert.deepEqual(events.all, []);
  delete stream.write;
  base.assignSocket(stream);
}

for (const asked of [
  ['x-unknown'],
  'x-unknown',
  ['x-a', 'x-unknown'],
  'x-a, x-unknown; p',
  ['X-A'],
  ['__proto__'],
  ['constructor'],
  ['toString'],
  'hasOwnProperty',
  ['valueOf; x=1'],
]) {
  test(`${JSON.stringify(asked)} is a TypeError that names it, before anything changed`, () => {
    const wrong = [asked]
      .flat()
      .join(',')
      .split(/[,;]/)
      .map((name) => name.trim())
      .find((name) => name !== 'x-a');
    refused(
      { 'x-a': passing() },
      asked,
      (error) => error instanceof TypeError && error.code === 'ERR_INVALID_ARG_TYPE' && error.message.includes(wrong),
    );
  });
}

for (const asked of [
  [''],
  [' '],
  ['x a'],
  ['x/a'],
  ['x-a,x-a'],
  [';x=1'],
  [5],
  [null],
  [undefined],
  [['x-a']],
  [{ name: 'x-a' }],
  'x-a, "x"',
  'x-a; list="b, c"',
  'x-a; p="',
  'x-a; p=',
  5,
  {},
  true,
  () => {},
]) {
  test(`${JSON.stringify(asked) ?? asked} is no extension: a TypeError`, () => {
    refused({ 'x-a': passing() }, asked, { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  });
}

for (const [what, value] of [
  ['null', null],
  ['undefined', undefined],
  ['a number', 5],
  ['nothing in it', {}],
  ['read that is no function', { read: 'x' }],
  ['write that is no function', { read() {}, write: {} }],
  ['a null read', { read: null, write() {} }],
]) {
  test(`an entry of base.extensions with ${what} is a TypeError when it is asked for`, () => {
    refused({ 'x-a': value }, ['x-a'], { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message: /x-a/ });
  });
}

test('own properties with odd names are extensions like any other', () => {
  const known = Object.create(null);
  for (const name of ['__proto__', 'constructor', 'toString']) known[name] = appending(name);
  const { base, stream } = extended(known, { on: ['constructor', '__proto__'] });
  base.send('.');
  assert.deepEqual(stream.texts, ['.constructor__proto__']);
});

test('inherited ones are none', () => {
  refused(Object.create({ 'x-a': passing() }), ['x-a'], { name: 'TypeError' });
});

test('an extension that is an instance of a class has its methods by inheritance', () => {
  class Tap {
    read(next) {
      next();
    }

    write(next, frame) {
      next(null, Object.assign(frame, { payload: 'class' }));
    }
  }
  const { base, stream } = extended({ 'x-a': new Tap() });
  base.send('.');
  assert.deepEqual(stream.texts, ['class']);
});

test('one of that name may be brought along', () => {
  const { base, stream } = extended(
    { 'permessage-deflate': appending('!') },
    { on: 'permessage-deflate; client_max_window_bits' },
  );
  base.send('mine');
  assert.deepEqual(stream.texts, ['mine!']);
});

test('base.extensions that are replaced, or changed, hold for later sockets only', () => {
  const { base, stream } = extended({ 'x-a': appending('old') });
  base.extensions['x-a'].write = appending('changed').write;
  base.send('.');
  base.extensions = { 'x-a': appending('new') };
  const later = new OldStream();
  base.assignSocket(later, { extensions: ['x-a'] });
  base.send('.');
  assert.deepEqual(stream.texts, ['.old', '.old']);
  assert.deepEqual(later.texts, ['.new']);
  delete base.extensions['x-a'];
  assert.throws(() => base.assignSocket(new OldStream(), { extensions: ['x-a'] }), TypeError);
  base.send('.');
  assert.deepEqual([stream.texts.length, later.texts.length], [3, 2]);
});

test('base.extensions is an empty object at first, of each Base its own, and takes objects only', () => {
  const base = new Base();
  assert.deepEqual(base.extensions, {});
  assert.notEqual(base.extensions, new Base().extensions);
  for (const value of [null, undefined, 5, 'x-a', [], () => {}]) {
    assert.throws(() => (base.extensions = value), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  }
  base.extensions['x-a'] = appending('A');
  const stream = new OldStream();
  base.assignSocket(stream, { extensions: ['x-a'] });
  base.send('.');
  assert.deepEqual(stream.texts, ['.A']);
});

test('a broadcast reaches connections with and without extensions, in the order of the calls', async () => {
  const { base } = extended({ 'x-a': appending('A') }, { stream: new LoopBack() });
  const plain = new OldStream();
  base.assignSocket(plain);
  for (let i = 0; i < 100; i++) base.send(`${i}`);
  const sent = Array.from({ length: 100 }, (_, i) => `${i}`);
  assert.deepEqual(plain.texts, sent);
  const [first] = base.socketsHistory;
  assert.deepEqual(
    base.sockets[first].socket.texts,
    sent.map((text) => `${text}A`),
  );
  const closed = once(base, 'close');
  base.terminate(first);
  await closed;
});

test('a frame that comes byte by byte costs memory by its bytes', async () => {
  const used = () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const { events, sid, stream } = extended({ 'x-none': passing() });
  const payload = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
  const bytes = encode({ opcode: BINARY, payload, mask: false });
  const before = used();
  for (const byte of bytes.subarray(0, -1)) stream.emit('data', Buffer.of(byte));
  const cost = (used() - before) / bytes.length;
  assert.ok(cost < 20, `${cost.toFixed()} bytes for each`);
  stream.emit('data', Buffer.concat([bytes.subarray(-1), encode({ opcode: TEXT, payload: 'behind it', mask: false })]));
  assert.deepEqual(await events.next('binary'), [payload, sid]);
  assert.deepEqual(await events.next('message'), ['behind it', sid]);
});

test('frames are cut out of the stream however it is cut', async () => {
  const payloads = ['', 'a', 'b'.repeat(125), 'c'.repeat(126), 'd'.repeat(70_000), 'e'];
  const bytes = Buffer.concat(payloads.map((payload) => encode({ opcode: TEXT, payload, mask: false })));
  for (const size of [1, 2, 3, 7, 127, 4096, 69_999, bytes.length]) {
    const { events, stream } = extended({ 'x-none': passing() });
    for (let at = 0; at < bytes.length; at += size) stream.emit('data', bytes.subarray(at, at + size));
    assert.deepEqual(messages(events), payloads, `in pieces of ${size}`);
  }
});
