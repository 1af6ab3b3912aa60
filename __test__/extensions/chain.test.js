'use strict';

// The order of frames and of extensions, with `next` called at once or later.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Base, Frame } = require('../..');
const { LoopBack, OldStream, listen, pair, test } = require('../support/streams');
const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, encode } = require('../support/frames');
const { appending, extended, messages, passing, turn } = require('../support/extended');

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

for (const mask of [false, true]) {
  test(`an extension of 2013 reads and writes content, ${mask ? 'client' : 'server'}`, () => {
    const suffix = (text) => {
      const append = (next, frame) => {
        if (frame.get('opcode') < CLOSE) frame.set('content', Buffer.from(frame.content + text));
        next(null, frame);
      };
      return { read: append, write: append };
    };
    const { base, events, stream } = extended({ bubu: suffix('bubu'), taja: suffix('taja') }, { options: { mask } });
    base.send('Hello World.');
    assert.deepEqual(stream.texts, ['Hello World.bubutaja']);
    assert.equal(stream.frames[0].key !== null, mask);
    stream.say({ opcode: TEXT, payload: 'Hi.', mask: !mask });
    assert.deepEqual(messages(events), ['Hi.tajabubu']);
  });
}

test('frames are Frames, with all they have', () => {
  const seen = [];
  const see = (next, frame) => {
    const { fin, rsv1, rsv2, rsv3, opcode, mask, length, payload, content } = frame;
    seen.push({ fin, rsv1, rsv2, rsv3, opcode, mask, length, content: `${content}`, masked: !content.equals(payload) });
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
      content: 'in',
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
      content: 'out',
      masked: false,
    },
  ]);
});

test('next() without a frame passes the one that came, whether it was changed or not', () => {
  const change = (next, frame) => {
    frame.content = `${frame.content}!`;
    next();
  };
  const { base, events } = extended({ 'x-a': { read: change, write: (next) => next() } }, { stream: new LoopBack() });
  base.send('x');
  assert.deepEqual(messages(events), ['x!']);
});

test('another Frame takes the place of the one that came', () => {
  const replace = (next, { mask }) =>
    next(null, Object.assign(new Frame(), { opcode: BINARY, mask, content: 'other' }));
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
  assert.deepEqual(events.list('pong'), [['p', sid, Buffer.from('p')]]);
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
          if (frame.opcode === PONG) frame.content = `${frame.content} changed`;
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
        seen.push(`${frame.content}`);
        if (frame.opcode < CLOSE) frame.content = `(${frame.content})`;
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
