'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const test = require('node:test');
const { WebSocket } = require('ws');
const start = require('./start');

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A client of the chat that keeps what it is told until a test asks for it. */
class Person {
  #inbox = [];
  #wake = () => {};

  constructor(port) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
    this.socket.on('message', (data) => {
      this.#inbox.push(JSON.parse(data));
      this.#wake();
    });
    this.opened = once(this.socket, 'open');
    this.closed = once(this.socket, 'close');
  }

  async join(name) {
    await this.opened;
    this.send({ type: 'join', name });
    const welcome = await this.next('welcome');
    this.sid = welcome.sid;
    return welcome;
  }

  send(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next message of a type; those of other types before it stay for later. */
  async next(type) {
    for (;;) {
      const at = this.#inbox.findIndex((message) => message.type === type);
      if (at >= 0) return this.#inbox.splice(at, 1)[0];
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** The answer to a request to upgrade, or a plain one where `headers` do not ask. */
function request(port, { path = '/chat', method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request({ host: '127.0.0.1', port, path, method, headers });
    req.on('response', (res) => resolve(res.resume()));
    req.on('upgrade', (res, socket) => resolve(socket.destroy() && res));
    req.on('error', reject).end();
  });
}

const UPGRADE = {
  Connection: 'keep-alive, Upgrade',
  Upgrade: 'WebSocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': KEY,
};

test('people meet, talk to all and to one, and see each other leave', async (t) => {
  const { port } = await start(t, 'chat');
  const [ada, grace, hedy] = [new Person(port), new Person(port), new Person(port)];
  assert.deepEqual(
    (await ada.join(' Ada ')).people.map(({ name }) => name),
    ['Ada'],
  );
  assert.equal((await grace.join('Grace')).people.length, 2);
  assert.deepEqual(await ada.next('joined'), { type: 'joined', sid: grace.sid, name: 'Grace' });
  await hedy.join('Hedy');

  grace.send({ type: 'say', text: 'only you', to: ada.sid });
  grace.send({ type: 'say', text: 'all of you' });
  for (const person of [ada, grace]) {
    const { sid, name, text, to } = await person.next('said');
    assert.deepEqual({ sid, name, text, to }, { sid: grace.sid, name: 'Grace', text: 'only you', to: ada.sid });
  }
  for (const person of [ada, grace, hedy]) {
    const said = await person.next('said');
    assert.equal(said.text, 'all of you'); // the first thing that Hedy hears
    assert.equal('to' in said, false);
  }

  ada.send({ type: 'ping' });
  const { rtt } = await ada.next('pong');
  assert.ok(rtt >= 0 && rtt < 60_000, `${rtt} ms`);
  assert.equal(typeof (await hedy.next('rtt')).rtt, 'object');

  grace.socket.terminate();
  assert.deepEqual(await ada.next('left'), { type: 'left', sid: grace.sid });
  ada.send({ type: 'say', text: 'gone?', to: grace.sid });
  assert.match((await ada.next('error')).message, /has left/);
});

test('what is no proper message is answered, and harms nobody', async (t) => {
  const { port } = await start(t, 'chat');
  const [ada, eve] = [new Person(port), new Person(port)];
  await ada.join('Ada');
  await eve.opened;
  for (const [message, answer] of [
    ['{', /not JSON/],
    ['null', /JSON object/],
    ['[]', /JSON object/],
    ['{}', /no such type/],
    ['{"type":"constructor"}', /no such type/],
    ['{"type":"ping"}', /Join first/],
    ['{"type":"join"}', /must be a string/],
    ['{"type":"join","name":"  "}', /empty/],
    ['{"type":"join","name":"a\\u202eb"}', /cannot be seen/],
    ['{"type":"join","name":"a","__proto__":{}}', /has no __proto__/],
    [`{"type":"join","name":"${'x'.repeat(33)}"}`, /longer than 32/],
  ]) {
    eve.send(message);
    assert.match((await eve.next('error')).message, answer, message);
  }
  eve.socket.send(Buffer.from('{}'));
  assert.match((await eve.next('error')).message, /Text messages only/);
  await eve.join('Eve');
  assert.equal((await ada.next('joined')).name, 'Eve');
  eve.send({ type: 'join', name: 'Mallory' });
  assert.match((await eve.next('error')).message, /in already/);
});

test('a message has the id that its page gave it, and so has the answer to one that is wrong', async (t) => {
  const { port } = await start(t, 'chat');
  const [ada, grace] = [new Person(port), new Person(port)];
  await ada.join('Ada');
  await grace.join('Grace');
  ada.send({ type: 'say', text: 'hello', id: 'a-1' });
  for (const person of [ada, grace]) assert.equal((await person.next('said')).id, 'a-1');
  for (const [message, answer] of [
    [{ text: ' ' }, /empty/],
    [{ text: 'x', to: 'nobody' }, /has left/],
    [{ text: 'x', to: 1 }, /must be a string/],
    [{ text: 'x', more: 1 }, /has no more/],
  ]) {
    ada.send({ type: 'say', id: 'a-2', ...message });
    const { message: text, id } = await ada.next('error');
    assert.match(text, answer);
    assert.equal(id, 'a-2');
  }
  for (const id of ['', 'x'.repeat(65), 'a b', 1, null]) {
    ada.send({ type: 'say', text: 'x', id });
    assert.match((await ada.next('error')).message, /no id/);
  }
});

test('text is capped by its characters, however they are escaped', async (t) => {
  const { port } = await start(t, 'chat');
  const ada = new Person(port);
  await ada.join('Ada');
  const smile = '\\ud83d\\ude42';
  ada.send(`{"type":"say","text":"${smile.repeat(2000)}"}`);
  assert.equal((await ada.next('said')).text, '🙂'.repeat(2000));
  ada.send(`{"type":"say","text":"${smile.repeat(2001)}"}`);
  assert.match((await ada.next('error')).message, /longer than 2000/);
  ada.send('x'.repeat(40_000));
  assert.equal((await ada.closed)[0], 1009);
});

test('only a proper request is upgraded', async (t) => {
  const { port } = await start(t, 'chat');
  const upgraded = await request(port, { headers: UPGRADE });
  assert.equal(upgraded.statusCode, 101);
  assert.equal(upgraded.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='); // RFC 6455 §1.3

  const old = await request(port, { headers: { ...UPGRADE, 'Sec-WebSocket-Version': '8' } });
  assert.deepEqual([old.statusCode, old.headers['sec-websocket-version']], [426, '13']);
  const refused = async (status, options) => assert.equal((await request(port, options)).statusCode, status);
  await refused(404, { headers: UPGRADE, path: '/other' });
  await refused(405, { headers: UPGRADE, method: 'PUT' });
  await refused(400, { headers: { ...UPGRADE, 'Sec-WebSocket-Key': 'c2hvcnQ=' } });
  await refused(426, { headers: { ...UPGRADE, Upgrade: 'h2c' } });
  await refused(403, { headers: { ...UPGRADE, Origin: 'http://elsewhere.example' } });
  await refused(101, { headers: { ...UPGRADE, Origin: `http://127.0.0.1:${port}` } });
});

test('only the files of the page are served', async (t) => {
  const { port } = await start(t, 'chat');
  const page = await request(port, { path: '/?x' });
  assert.equal(page.statusCode, 200);
  assert.match(page.headers['content-security-policy'], /default-src 'none'/);
  for (const path of ['/server.js', '/../server.js', '/%2e%2e/server.js', '/public/', '/chat', '//etc/passwd']) {
    assert.equal((await request(port, { path })).statusCode, 404, path);
  }
  assert.equal((await request(port, { path: '/', method: 'POST' })).statusCode, 405);
});

test('a taken port and a bad one are said in words', async (t) => {
  const { port } = await start(t, 'chat');
  await assert.rejects(start(t, 'chat', { PORT: port }), /status 1: Port \d+ is taken/);
  await assert.rejects(start(t, 'chat', { PORT: 'x' }), /status 1: PORT is a number/);
});

test('Ctrl-C says goodbye with 1001 and ends', { skip: process.platform === 'win32' }, async (t) => {
  const { child, port } = await start(t, 'chat');
  const ada = new Person(port);
  await ada.join('Ada');
  child.kill('SIGINT');
  const [[code], [status]] = await Promise.all([ada.closed, once(child, 'exit')]);
  assert.deepEqual([code, status], [1001, 0]);
});
