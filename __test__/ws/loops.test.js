'use strict';

// The same message to one WebSocket after the other: the engine takes it as one, which nobody may notice.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const reference = require('ws');
const ours = require('../../ws.js');
const { Inbox } = require('../support/inbox');
const { serve, trust } = require('../support/ws-entry');

const LIMIT = { timeout: 60_000 };
/** More than those whom the JavaScript thread writes to itself. */
const MANY = 20;

/**
 * A server and its clients: what the server's ends send comes to an inbox each.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of the server, of ours
 * @param {(index: number) => object} [optionsOf] of the clients
 */
async function many(t, options, optionsOf = () => ({})) {
  const { wss, url } = await serve(t, options);
  const all = [];
  for (let index = 0; index < MANY; index++) {
    const connected = once(wss, 'connection');
    const client = new reference(url, { ...trust, ...optionsOf(index) });
    t.after(() => client.terminate());
    const inbox = new Inbox(client, ['message', 'ping', 'close', 'error']);
    const [end] = await connected;
    all.push({ client, inbox, end });
  }
  return { all, wss };
}

/** What came to an inbox as messages, once there are as many. */
async function texts({ inbox }, count) {
  const got = await inbox.atLeast('message', count);
  return got.map(([data, isBinary]) => (isBinary ? [...data].join() : String(data)));
}

test('each gets each message once, in the order of the calls', LIMIT, async (t) => {
  const { all } = await many(t);
  const data = Buffer.from('a view');
  const long = 'long '.repeat(30_000);
  for (const { end } of all) end.send('before');
  for (const text of ['one', long, 'two', 'two']) {
    for (const { end } of all) end.send(text);
  }
  for (const { end } of all) end.send(data);
  for (const { end } of all) end.send(data, { binary: false });
  for (const [index, { end }] of all.entries()) end.send(`to ${index}`);
  // The other way round, and to one twice.
  for (const { end } of [...all].reverse()) end.send('back');
  for (const { end } of [...all, all[0]]) end.send('twice');
  for (const [index, one] of all.entries()) {
    const both = index === 0 ? ['twice', 'twice'] : ['twice'];
    const expected = ['before', 'one', long, 'two', 'two', [...data].join(), 'a view', `to ${index}`, 'back', ...both];
    assert.deepEqual(await texts(one, expected.length), expected);
  }
  for (const { end } of all) end.close();
  for (const { inbox } of all) await inbox.next('close');
  assert.equal(all[1].inbox.list('message').length, 10);
});

test('a view that changes meanwhile is sent as it is when it is sent', LIMIT, async (t) => {
  const { all } = await many(t);
  const data = Buffer.alloc(2);
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  for (const view of [data, shared]) {
    for (const [index, { end }] of all.entries()) {
      view[1] = Math.floor(index / 7);
      end.send(view);
    }
    view.fill(255);
  }
  for (const [index, one] of all.entries()) {
    const expected = `0,${Math.floor(index / 7)}`;
    assert.deepEqual(await texts(one, 2), [expected, expected]);
  }
});

test('the opcode and the options of each call hold', LIMIT, async (t) => {
  const { all } = await many(t);
  const data = Buffer.from('x');
  const calls = [
    (end) => end.send(data),
    (end) => end.ping(data),
    (end) => end.send(data, { binary: false }),
    (end) => end.send(data, { fin: false, binary: false }),
    (end) => end.send(data, { binary: false }),
  ];
  for (const call of calls) {
    for (const { end } of all) call(end);
  }
  for (const one of all) {
    assert.deepEqual(await texts(one, 3), ['120', 'x', 'xx']);
    assert.deepEqual(one.inbox.list('ping'), [[data]]);
  }
});

test('some compress, and some do not', LIMIT, async (t) => {
  const deflate = { threshold: 0, serverNoContextTakeover: false };
  const { all } = await many(t, { perMessageDeflate: deflate }, (index) => ({ perMessageDeflate: index % 3 !== 0 }));
  const text = 'compressed '.repeat(50);
  for (const round of [1, 2]) {
    for (const { end } of all) end.send(text);
    for (const { end } of all) end.send(text, { compress: false });
    for (const { end } of all) end.send(`${round}`);
  }
  for (const one of all) {
    assert.deepEqual(await texts(one, 6), [text, text, '1', text, text, '2']);
  }
});

test('a loop of clients masks for each', LIMIT, async (t) => {
  const { wss, url } = await serve(t, {}, reference);
  const got = [];
  const come = new Inbox(wss, ['connection']);
  wss.on('connection', (end) => end.on('message', (data) => got.push(String(data))));
  const clients = Array.from({ length: MANY }, () => new ours.WebSocket(url, trust));
  t.after(() => clients.forEach((one) => one.terminate()));
  await Promise.all(clients.map((one) => once(one, 'open')));
  await come.atLeast('connection', MANY);
  for (const one of clients) one.send('masked');
  for (const one of clients) one.close();
  await Promise.all(clients.map((one) => once(one, 'close')));
  assert.deepEqual(got, Array(MANY).fill('masked'));
});

test('what comes between, and who leaves, changes nothing for the others', LIMIT, async (t) => {
  const { all } = await many(t);
  const called = [];
  for (const [index, { end }] of all.entries()) {
    end.send('same', (error) => called.push([index, error?.message]));
    if (index === 9) end.close(1000, 'over');
    if (index === 11) end.terminate();
    if (index === 12) all[13].end.send('other');
  }
  assert.ok(all[15].end.bufferedAmount > 0);
  assert.ok(all[15].end.bufferedAmount < 1000);
  for (const [index, one] of all.entries()) {
    if (index === 11) continue;
    const expected = index === 13 ? ['other', 'same'] : ['same'];
    assert.deepEqual(await texts(one, expected.length), expected, `${index}`);
  }
  assert.equal((await all[9].inbox.next('close'))[0], 1000);
  await all[11].inbox.next('close');
  for (const { end } of all) end.send('again');
  for (const [index, one] of all.entries()) {
    if (index === 9 || index === 11) continue;
    assert.equal((await texts(one, index === 13 ? 3 : 2)).at(-1), 'again');
  }
  assert.equal(called.length, MANY);
  assert.deepEqual(
    called.filter(([index]) => index !== 11).map(([, error]) => error),
    Array(MANY - 1).fill(undefined),
  );
  await new Promise((resolve) => all[15].end.send('last', resolve));
  assert.equal(all[15].end.bufferedAmount, 0);
});

test('who comes after another has closed gets nothing of what that one was sent', LIMIT, async (t) => {
  const { all, wss } = await many(t);
  const gone = all.slice(0, MANY / 2);
  const over = gone.map(({ end }) => once(end, 'close'));
  for (const { client } of gone) client.terminate();
  await Promise.all(over);
  const opened = once(wss, 'connection');
  const late = new reference(all[0].client.url, trust);
  t.after(() => late.terminate());
  const inbox = new Inbox(late, ['message']);
  const [end] = await opened;
  for (const one of all) one.end.send('old');
  end.send('new');
  assert.deepEqual(await texts({ inbox }, 1), ['new']);
  for (const one of all.slice(MANY / 2)) assert.deepEqual(await texts(one, 1), ['old']);
});

test('bufferedAmount grows with each message to one, also if it takes turns with another', LIMIT, async (t) => {
  const { all } = await many(t);
  const [one, other, ...rest] = all;
  const data = 'ten KiB    '.repeat(1000);
  for (const { end } of rest) end.send(data);
  let sent = 0;
  // Beside what the kernel takes of it.
  while (one.end.bufferedAmount < 100 * data.length && sent < 3000) {
    one.end.send(data);
    other.end.send(data);
    sent += 1;
  }
  assert.ok(sent < 3000, `${sent} messages`);
  assert.equal((await texts(one, sent)).length, sent);
  assert.equal((await texts(other, sent)).length, sent);
});
