'use strict';

// addEventListener(), the on… attributes, and the events that these get.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const WebSocket = require('../../ws.js');
const { connect, inBothRoles } = require('../support/ws-entry');

const { CloseEvent, ErrorEvent, Event, MessageEvent } = WebSocket;

/** One that never opens. */
function idle(t) {
  const ws = new WebSocket('ws://127.0.0.1:1');
  ws.on('error', () => {});
  t.after(() => ws.terminate());
  return ws;
}

inBothRoles('events have what happened, and the WebSocket as their target', async (t, role) => {
  const { ours, theirs } = await connect(t, role);
  const next = (type) => new Promise((resolve) => ours.addEventListener(type, resolve, { once: true }));
  let message = next('message');
  theirs.send('text');
  const text = await message;
  assert.ok(text instanceof MessageEvent && text instanceof Event);
  assert.deepEqual([text.type, text.data, text.target], ['message', 'text', ours]);
  message = next('message');
  theirs.send(Buffer.from('bytes'));
  assert.deepEqual((await message).data, Buffer.from('bytes'));
  const close = next('close');
  theirs.close(4000, 'why');
  const end = await close;
  assert.ok(end instanceof CloseEvent);
  assert.deepEqual([end.code, end.reason, end.wasClean], [4000, 'why', true]);
});

inBothRoles('an end without close frames is not clean, and an error is an ErrorEvent', async (t, role) => {
  const { ours, theirs } = await connect(t, role, { ours: { maxPayload: 1 } });
  const error = new Promise((resolve) => (ours.onerror = resolve));
  const close = new Promise((resolve) => (ours.onclose = resolve));
  theirs.send('long');
  const event = await error;
  assert.ok(event instanceof ErrorEvent && event.error instanceof Error);
  assert.equal(event.message, event.error.message);
  const { code, reason, wasClean } = await close;
  assert.deepEqual([code, reason, wasClean], [1006, '', false]);
});

test('a listener is there once, and may be an object', (t) => {
  const ws = idle(t);
  const seen = [];
  const listener = { handleEvent: (event) => seen.push(event.type) };
  ws.addEventListener('message', listener);
  ws.addEventListener('message', listener);
  assert.equal(ws.listenerCount('message'), 1);
  ws.emit('message', Buffer.from('x'), false);
  assert.deepEqual(seen, ['message']);
  ws.removeEventListener('message', listener);
  assert.equal(ws.listenerCount('message'), 0);
  ws.addEventListener('ping', listener);
  assert.equal(ws.listenerCount('ping'), 0);
});

test('an attribute has one function, beside other listeners', (t) => {
  const ws = idle(t);
  const [first, second, other] = [() => {}, () => {}, () => {}];
  ws.on('open', other);
  assert.equal(ws.onopen, null);
  ws.onopen = first;
  ws.onopen = second;
  assert.equal(ws.onopen, second);
  assert.equal(ws.listenerCount('open'), 2);
  ws.removeEventListener('open', second);
  assert.equal(ws.onopen, second);
  ws.onopen = null;
  assert.equal(ws.onopen, null);
  assert.deepEqual(ws.listeners('open'), [other]);
});

test('events may be made by hand, and say nothing then', () => {
  assert.deepEqual([new Event('x').type, new Event('x').target], ['x', null]);
  const close = new CloseEvent('close');
  assert.deepEqual([close.code, close.reason, close.wasClean], [0, '', false]);
  assert.deepEqual([new ErrorEvent('error').error, new ErrorEvent('error').message], [null, '']);
  assert.equal(new MessageEvent('message').data, null);
});
