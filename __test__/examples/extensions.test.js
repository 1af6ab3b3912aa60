'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { execFile } = require('node:child_process');
const { promisify } = require('node:util');
const { Base, Frame } = require('../..');
const checksum = require('../../examples/extensions/checksum');
const Metrics = require('../../examples/extensions/metrics');
const { LoopBack, listen, test } = require('../support/streams');

const DEMO = path.join(__dirname, '..', '..', 'examples', 'extensions', 'demo.js');

/** @returns {object} a `Base` whose one connection is a loop with these extensions on */
function looped(extensions) {
  const base = new Base();
  base.extensions = extensions;
  const stream = new LoopBack();
  const events = listen(base);
  const sid = base.assignSocket(stream, { extensions: Object.keys(extensions) });
  return { base, events, sid, stream };
}

test('the demo runs, ends, and shows what its comment promises', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [DEMO], { timeout: 20_000 });
  assert.equal(stderr, '');
  const lines = stdout.trim().split('\n');
  const said = (who) => lines.filter((line) => line.startsWith(who));
  assert.deepEqual(said('client'), ['client: echo: one', 'client: echo: two']);
  assert.deepEqual(said('server'), ['server: ERR_CHECKSUM, the checksum is wrong', 'server: closed, 1000 that is all']);
  assert.deepEqual(JSON.parse(said('metrics')[0].slice('metrics: '.length)), {
    read: { text: { frames: 3, bytes: 3 + 5 + 3 + 3 * 4 }, close: { frames: 1, bytes: 2 + 11 } },
    written: { text: { frames: 2, bytes: 2 * (9 + 4) }, close: { frames: 1, bytes: 2 + 11 } },
  });
  assert.equal(lines.length, 5);
});

test('checksum: what it writes, it reads, and control frames are left alone', async () => {
  const { base, events, sid, stream } = looped({ 'x-checksum': checksum });
  base
    .send('grüße')
    .send('')
    .send(Buffer.from([1, 2]))
    .ping('p');
  assert.deepEqual(
    events.list('message').map(([text]) => text),
    ['grüße', ''],
  );
  assert.deepEqual(
    events.list('binary').map(([data]) => data),
    [Buffer.from([1, 2])],
  );
  assert.deepEqual(
    events.list('pong').map(([text]) => text),
    ['p'],
  );
  assert.deepEqual(
    stream.frames.map(({ payload }) => payload.length),
    [7 + 4, 4, 2 + 4, 1, 1],
  );
  assert.deepEqual(
    stream.frames.map(({ rsv }) => rsv),
    [1, 1, 1, 0, 0],
  );
  base.close(sid, 'bye');
  assert.deepEqual(await events.next('close'), ['bye', sid, 1000]);
});

test('checksum: what is damaged, or has none, is an error and is dropped', () => {
  const { base, events, sid, stream } = looped({ 'x-checksum': checksum });
  stream.text('has none');
  stream.say({ opcode: 1, rsv: 1, payload: 'abc' });
  stream.say({ opcode: 1, rsv: 1, payload: 'and four' });
  assert.deepEqual(
    events.list('error').map(([{ code, sid: who }]) => [code, who]),
    new Array(3).fill(['ERR_CHECKSUM', sid]),
  );
  base.send('goes on');
  assert.deepEqual(events.list('message'), [['goes on', sid]]);
});

test('metrics: what passes is counted by kind, for each connection and for all', () => {
  const metrics = new Metrics();
  const base = new Base();
  base.extensions = { metrics: metrics.extension };
  const sids = [0, 1].map(() => base.assignSocket(new LoopBack(), { extensions: ['metrics'] }));
  const connections = sids.map((sid) => base.sockets[sid]);
  base.send('12345');
  base.send(sids[0], Buffer.alloc(7));
  base.ping(sids[1], 'p');
  const text = { frames: 1, bytes: 5 };
  const one = { text, binary: { frames: 1, bytes: 7 } };
  const two = { text, ping: { frames: 1, bytes: 1 }, pong: { frames: 1, bytes: 1 } };
  assert.deepEqual(metrics.of(connections[0]), { read: one, written: one });
  assert.deepEqual(metrics.of(connections[1]), { read: two, written: two });
  assert.deepEqual(metrics.total.read.text, { frames: 2, bytes: 10 });
});

test('metrics: an opcode that there is not does no harm', () => {
  const metrics = new Metrics();
  const frame = Object.assign(new Frame(), { opcode: 7 });
  let passed;
  metrics.extension.read.call({}, (_error, same) => (passed = same), frame);
  assert.equal(passed, frame);
  assert.deepEqual(metrics.total.read, { unknown: { frames: 1, bytes: 0 } });
});
