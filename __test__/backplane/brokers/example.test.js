'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');
const { test } = require('node:test');
const { WebSocket } = require('ws');
const { Inbox } = require('../../support/inbox');
const { limit } = require('../../support/server');

const START = path.join(__dirname, '../../../examples/several-machines/start.js');

test('the chat of two processes: what is said in one is heard in both, and all of them end', limit, async (t) => {
  const child = spawn(process.execPath, [START], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGTERM'));
  const out = new Inbox(readline.createInterface({ input: child.stdout }), ['line']);
  const errors = new Inbox(readline.createInterface({ input: child.stderr }), ['line']);
  const urls = [(await out.next('line'))[0], (await out.next('line'))[0]];
  await errors.until(() => errors.list('line').filter(([line]) => line === 'Redis is there.').length === 2);

  const people = [];
  for (const url of urls) {
    assert.match(await (await fetch(url)).text(), /<!doctype html>/);
    const socket = new WebSocket(url.replace('http', 'ws'), { origin: url });
    people.push({ socket, inbox: new Inbox(socket, ['open', 'message']) });
  }
  for (const { inbox } of people) await inbox.next('open');
  const heard = ({ inbox }, text) => inbox.until(() => inbox.list('message').some(([data]) => `${data}` === text));
  // A subscription of a process is under way when its first client comes.
  const [ada, grace] = people;
  for (const [from, to] of [
    [ada, grace],
    [grace, ada],
  ]) {
    const asking = setInterval(() => from.socket.send(`hello from ${people.indexOf(from)}`), 50);
    await heard(to, `hello from ${people.indexOf(from)}`);
    clearInterval(asking);
  }
  ada.socket.send('goodbye');
  await Promise.all(people.map((person) => heard(person, 'goodbye')));

  const closed = people.map(({ socket }) => once(socket, 'close'));
  child.kill('SIGTERM');
  for (const [code] of await Promise.all(closed)) assert.equal(code, 1001);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a page of another site is refused', limit, async (t) => {
  const child = spawn(process.execPath, [START], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGTERM'));
  const [url] = await once(readline.createInterface({ input: child.stdout }), 'line');
  const socket = new WebSocket(url.replace('http', 'ws'), { origin: 'https://evil.example' });
  socket.on('error', () => {});
  const [, { statusCode }] = await once(socket, 'unexpected-response');
  assert.equal(statusCode, 403);
});
