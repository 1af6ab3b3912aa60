'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Contents, EMPTY_BINARY, EMPTY_TEXT } = require('./content');
const { compare, judge } = require('./model');
const { FIRST_PING, Transcript, pingPayload } = require('./transcript');
const { seeded } = require('../support/random');

/** That the soak would notice what it is there for. */

const NOTHING = { lost: 0, duplicated: 0, reordered: 0, foreign: 0, tail: 0, at: -1 };

for (const [name, sent, received, isComplete, due] of [
  [
    'all that was sent',
    [1, EMPTY_TEXT, 2, FIRST_PING, EMPTY_TEXT],
    [1, EMPTY_TEXT, 2, FIRST_PING, EMPTY_TEXT],
    true,
    {},
  ],
  ['a tail that may be missing', [1, 2, 3], [1], false, { tail: 2 }],
  ['a tail that may not', [1, 2, 3], [1], true, { lost: 2, at: 1 }],
  ['a gap, although a tail may be missing', [1, 2, 3, 4], [1, 3], false, { lost: 1, at: 1 }],
  ['one that came twice', [1, 2, 3], [1, 2, 2, 3], true, { duplicated: 1, at: 2 }],
  ['two in the other order', [1, 2, 3], [1, 3, 2], true, { reordered: 1, at: 1 }],
  ['one of another connection', [1, 2], [1, 9, 2], true, { foreign: 1, at: 1 }],
  ['an empty one that is missing', [1, EMPTY_BINARY, 2], [1, 2], true, { lost: 1, at: 1 }],
  ['an empty one too many', [1, 2], [1, EMPTY_TEXT, 2], true, { lost: 1, at: 1 }],
  ['more than was sent', [1], [1, 1], true, { duplicated: 1, at: 1 }],
]) {
  test(`soak: ${name}`, () => assert.deepEqual(compare(sent, received, isComplete), { ...NOTHING, ...due }));
}

test('soak: what was sent can be made anew, and nothing else is taken for it', () => {
  const [ours, theirs, another] = [new Contents(7), new Contents(7), new Contents(8)];
  const random = seeded(1);
  for (let n = 0; n < 300; n++) {
    const { data, id } = ours.make(random, 'x', n, 5000);
    assert.equal(theirs.idOf(data, 'x'), id);
    if (id < 0) continue;
    assert.ok(Number.isNaN(theirs.idOf(data, 'y')));
    const cut = typeof data === 'string' ? data.slice(0, -1) : data.subarray(0, -1);
    assert.ok(Number.isNaN(theirs.idOf(cut, 'x')), `message ${n}, cut`);
    const asOther = typeof data === 'string' ? Buffer.from(data) : data.toString('latin1');
    assert.ok(Number.isNaN(theirs.idOf(asOther, 'x')), `message ${n}, of another kind`);
    if (data.length > 100) assert.ok(Number.isNaN(another.idOf(data, 'x')), `message ${n}, of another run`);
  }
});

test('soak: a pong has to answer a ping, and a later one than the pong before', () => {
  const transcript = new Transcript(new Contents(1), 'x');
  for (const n of [1, 2, 3]) transcript.ping(n);
  const random = seeded(1);
  for (const n of [1, 3]) transcript.hearPong(pingPayload(random, n));
  assert.equal(transcript.wrongPongs, 0);
  for (const n of [3, 2, 9]) transcript.hearPong(pingPayload(random, n));
  assert.equal(transcript.wrongPongs, 3);
});

/** The records of a connection that its client has closed with 4000. */
function records(clientChange = {}, serverChange = {}) {
  const heard = { sent: [1, 2], received: [], corrupted: 0, wrongPongs: 0, strays: [] };
  const client = {
    side: 'client',
    kind: 'ws',
    fault: null,
    began: { code: 4000, reason: 'bye' },
    saw: 4000,
    closingMs: 0,
    ...heard,
    received: [3],
    ...clientChange,
  };
  const server = {
    side: 'server',
    began: null,
    beganCode: 0,
    error: null,
    errorCloseCode: 0,
    code: 4000,
    reason: 'bye',
    closingMs: 0,
    closeTimeout: 5000,
    dropped: false,
    ...heard,
    sent: [3],
    received: [1, 2],
    ...serverChange,
  };
  return [client, server];
}

const violation = {
  fault: { name: 'RSV1', error: 'WS_ERR_UNEXPECTED_RSV_1', closeCode: 1002 },
  began: null,
  saw: 1002,
};
const refusal = { error: 'WS_ERR_UNEXPECTED_RSV_1', errorCloseCode: 1002, code: 1002, reason: 'x' };

for (const [name, client, server, kinds] of [
  ['a good end', {}, {}, []],
  ['a message to the server is missing', {}, { received: [1] }, ['lost']],
  ['a message to the client is missing', { received: [] }, {}, ['lost']],
  ['the same, but the closing took as long as it may', { received: [], closingMs: 5000 }, {}, []],
  ['a wrong code', {}, { code: 1006, reason: '' }, ['close code']],
  ['a wrong reason', {}, { reason: 'other' }, ['close code']],
  ['no answer', { saw: null }, {}, ['close code']],
  ['an event behind the end', {}, { strays: ['message'] }, ['life-cycle']],
  ['a violation', violation, refusal, []],
  ['a violation, and a message to the client is missing', { ...violation, received: [] }, refusal, ['lost']],
  ['the same, but the end took as long as it may', { ...violation, received: [], closingMs: 5000 }, refusal, []],
  ['a violation that nobody noticed', violation, { code: 1006, reason: '' }, ['close code', 'error']],
  ['an error out of nothing', {}, { error: 'WS_ERR_INVALID_UTF8' }, ['error']],
  [
    'a reset, and the tail is missing',
    { fault: { name: 'reset' }, began: null, saw: null },
    { code: 1006, reason: '', received: [1] },
    [],
  ],
  [
    'terminate',
    { saw: null, received: [] },
    { began: 'terminate', beganCode: 1006, code: 1006, reason: '', received: [] },
    [],
  ],
  ['a closing that was cut off', {}, { began: 'close', beganCode: 4001, code: 1006, reason: '' }, ['close code']],
  [
    'the same by its timeout, with websockets/ws',
    {},
    { began: 'close', beganCode: 4001, code: 1006, reason: '', isEntry: true, closingMs: 5000 },
    [],
  ],
  ['terminate, and another code', { saw: null }, { began: 'terminate', beganCode: 1006 }, ['close code']],
]) {
  test(`soak: ${name}`, () => {
    const { problems } = judge(...records(client, server));
    assert.deepEqual(problems.map(({ kind }) => kind).sort(), kinds);
  });
}
