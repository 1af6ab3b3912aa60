'use strict';

// How WebSockets on streams of HTTP/2 end, at every stage, by whichever side.

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const net = require('node:net');
const { once } = require('node:events');
const { test } = require('node:test');
const { RawStream, rawStream, serveHttp2, sessionTo } = require('../support/http2');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');

const { NGHTTP2_CANCEL: CANCEL, NGHTTP2_INTERNAL_ERROR: INTERNAL, NGHTTP2_NO_ERROR: NO_ERROR } = http2.constants;

/** An open WebSocket on a session of its own, and another one beside it, which lives on whatever happens. */
async function opened(t, options) {
  const it = await serveHttp2(t, options);
  const socket = net.connect(it.port, '127.0.0.1');
  const session = await sessionTo(t, it.port, { createConnection: () => socket });
  const beside = await rawStream(session, { ':path': '/beside' });
  const [besideSid] = await it.events.next('open');
  const raw = await rawStream(session);
  const [sid, req] = await it.events.next('open');
  const livesOn = async () => {
    it.server.send(besideSid, 'there');
    assert.equal(await beside.said(), 'there');
    beside.text('here');
    assert.deepEqual(await it.events.next('message'), ['here', besideSid]);
  };
  return { ...it, socket, session, raw, sid, stream: req.stream, livesOn };
}

/** A Server whose app is asked and does not answer, and a request to it. */
async function undecided(t, options) {
  let asked;
  const waits = new Promise((resolve) => (asked = resolve));
  const shouldAccept = (req) => new Promise((resolve) => asked({ req, decide: resolve }));
  const it = await serveHttp2(t, { shouldAccept, ...options });
  const session = await sessionTo(t, it.port);
  const raw = new RawStream(session);
  return { ...it, session, raw, ...(await waits) };
}

test('the client closes: both end their sides, and nothing is reset', limit, async (t) => {
  const { events, raw, sid, livesOn } = await opened(t);
  raw.close(4001);
  assert.equal(await raw.closeCode(), 4001);
  await raw.inbox.next('end');
  raw.stream.end();
  assert.deepEqual(await events.next('close'), ['', sid, 4001]);
  assert.equal(events.clean.get(sid), true);
  assert.deepEqual(await raw.inbox.next('close'), [NO_ERROR]);
  await livesOn();
});

test('the server closes: the same', limit, async (t) => {
  const { server, events, raw, sid, livesOn } = await opened(t);
  server.close(sid, 4002, 'enough');
  assert.equal(await raw.closeCode(), 4002);
  raw.close(4002);
  await raw.inbox.next('end');
  raw.stream.end();
  assert.deepEqual(await events.next('close'), ['', sid, 4002]);
  assert.equal(events.clean.get(sid), true);
  assert.deepEqual(await raw.inbox.next('close'), [NO_ERROR]);
  await livesOn();
});

test('a client that does not end its side after the closing handshake: CANCEL', limit, async (t) => {
  const { server, events, raw, sid, livesOn } = await opened(t, { closeTimeout: 20 });
  server.close(sid);
  await raw.closeCode();
  raw.close(1000);
  assert.deepEqual(await events.next('close'), ['', sid, 1000]);
  assert.deepEqual(await raw.inbox.next('close'), [CANCEL]);
  await livesOn();
});

test('terminate: CANCEL, and 1006', limit, async (t) => {
  const { server, events, raw, sid, livesOn } = await opened(t);
  server.terminate(sid);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.deepEqual(await raw.inbox.next('close'), [CANCEL]);
  await livesOn();
});

test('an idle client gets 1001, and CANCEL if it says nothing to that', limit, async (t) => {
  const { server, events, port } = await serveHttp2(t, { timeout: 50, closeTimeout: 50 });
  const raw = await rawStream(await sessionTo(t, port));
  assert.equal(await raw.closeCode(), 1001);
  const [reason, , code] = await events.next('close');
  assert.deepEqual([reason, code, server.connections], ['timeout', 1001, 0]);
  assert.deepEqual(await raw.inbox.next('close'), [CANCEL]);
});

for (const code of [CANCEL, NO_ERROR, INTERNAL]) {
  test(`the client resets an open stream with ${code}: 1006`, limit, async (t) => {
    const { events, raw, sid, stream, livesOn } = await opened(t);
    raw.text('last');
    assert.deepEqual(await events.next('message'), ['last', sid]);
    raw.reset(code);
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.equal(stream.destroyed, true);
    await livesOn();
  });
}

test('END_STREAM without a close frame: 1006, and our side ends too', limit, async (t) => {
  const { events, raw, sid, livesOn } = await opened(t);
  raw.text('last');
  raw.stream.end();
  assert.deepEqual(await events.next('message'), ['last', sid]);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  await raw.inbox.next('close');
  await livesOn();
});

test('what the client sends and ends at once is answered', limit, async (t) => {
  const { server, events, raw, livesOn } = await opened(t);
  server.on('message', (text, from) => text === 'ask' && server.send(from, 'answer'));
  raw.text('ask');
  raw.stream.end();
  assert.equal(await raw.said(), 'answer');
  assert.equal((await events.next('message'))[0], 'ask');
  await livesOn();
});

test('a reset during the closing handshake', limit, async (t) => {
  const { server, events, raw, sid, livesOn } = await opened(t);
  server.close(sid, 4003);
  await raw.closeCode();
  raw.reset();
  assert.deepEqual(await events.next('close'), ['', sid, 4003]);
  assert.equal(events.clean.get(sid), false);
  await livesOn();
});

test('a reset of a stream that is paused is noticed', limit, async (t) => {
  const { server, session, events, raw, sid, livesOn } = await opened(t);
  server.pause(sid);
  raw.text('last');
  await new Promise((resolve) => session.ping(resolve));
  raw.reset();
  // Nothing that came before is held back once it is lost.
  assert.deepEqual(await events.next('message'), ['last', sid]);
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.equal(server.connections, 1);
  await livesOn();
});

for (const [how, leave] of [
  ['resets its stream', ({ raw }) => raw.reset()],
  ['resets it with NO_ERROR', ({ raw }) => raw.reset(NO_ERROR)],
  ['destroys its session', ({ session }) => session.destroy()],
]) {
  test(`a client that ${how} while the app decides is not waited for`, limit, async (t) => {
    const it = await undecided(t, { maxConnectionsPerAddress: 1, maxHandshakes: 1 });
    leave(it);
    await once(it.req.stream, 'close');
    it.decide(true);
    // Its places are free again.
    it.server.shouldAccept = () => true;
    await rawStream(await sessionTo(t, it.port));
    assert.equal(it.events.list('open').length, 1);
    assert.equal(it.events.list('error').length, 0);
  });
}

test('a request that is reset at once, and one whose response it is that crosses the reset', limit, async (t) => {
  const { events, port } = await serveHttp2(t);
  const session = await sessionTo(t, port);
  for (let n = 0; n < 20; n++) {
    const raw = new RawStream(session);
    if (n % 2 === 0) await new Promise(setImmediate);
    raw.reset();
  }
  await rawStream(session, { ':path': '/last' });
  // Whatever was opened of them is closed.
  await events.until(() => events.list('open').length === events.list('close').length + 1);
});

test('requests that are reset at once leave nothing behind: the Server can stop', limit, async (t) => {
  const shouldAccept = () => new Promise(setImmediate).then(() => true);
  const { server, events, port } = await serveHttp2(t, { shouldAccept, maxConnectionsPerAddress: 100 });
  const session = await sessionTo(t, port);
  for (let round = 0; round < 20; round++) {
    const all = Array.from({ length: 40 }, () => new RawStream(session));
    await Promise.race(all.map(({ inbox }) => inbox.next('response')));
    for (const raw of all) raw.reset();
  }
  await events.until(() => events.list('open').length === events.list('close').length);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(events.list('error').length, 0);
});

test('a refusal that the client does not read, or resets, holds nothing', limit, async (t) => {
  const { port, events } = await serveHttp2(t, { shouldAccept: ({ url }) => url === '/ok' || 403 });
  const session = await sessionTo(t, port);
  const raw = new RawStream(session);
  await raw.inbox.next('response');
  raw.reset();
  await rawStream(session, { ':path': '/ok' });
  assert.equal(events.list('open').length, 1);
});

test('GOAWAY of the client: what is open goes on, and the session ends with it', limit, async (t) => {
  const { server, events, raw, sid, sessions, session, livesOn } = await opened(t);
  session.close();
  await once(sessions[0], 'goaway');
  server.send(sid, 'still');
  assert.equal(await raw.said(), 'still');
  await livesOn();
  const over = once(sessions[0], 'close');
  server.terminate(null);
  await events.atLeast('close', 2);
  await over;
});

test("GOAWAY of the server's app: the same", limit, async (t) => {
  const { server, events, raw, sid, sessions, session, livesOn } = await opened(t);
  const told = once(session, 'goaway');
  sessions[0].close();
  await told;
  server.send(sid, 'still');
  assert.equal(await raw.said(), 'still');
  await livesOn();
  const over = once(sessions[0], 'close');
  server.terminate(null);
  await events.atLeast('close', 2);
  await over;
});

for (const [how, end] of [
  ['destroyed by the client', ({ session }) => session.destroy()],
  ['destroyed by the app', ({ sessions }) => sessions[0].destroy()],
  ['destroyed with an error', ({ sessions }) => sessions[0].destroy(new Error('the app'))],
  ['left with a GOAWAY that says an error', ({ session }) => session.goaway(INTERNAL)],
  ['lost with its connection', ({ socket }) => socket.destroy()],
]) {
  test(`a session that is ${how}: 1006 for each of its WebSockets`, limit, async (t) => {
    const it = await opened(t);
    end(it);
    const all = await it.events.atLeast('close', 2);
    assert.deepEqual(
      all.map(([, , code]) => code),
      [1006, 1006],
    );
    assert.equal(it.server.connections, 0);
    // The server goes on.
    await rawStream(await sessionTo(t, it.port));
  });
}

test('Server.close() ends the streams, so that the session can close and the HTTP server with it', limit, async (t) => {
  const { server, httpServer, events, raw, session, sessions } = await opened(t);
  const stopped = new Promise((resolve) => server.close(resolve));
  assert.equal((await new RawStream(session).refused()).status, 503);
  assert.equal(await raw.closeCode(), 1001);
  raw.close(1001);
  await raw.inbox.next('end');
  raw.stream.end();
  // The other one says nothing, and is cancelled after closeTimeout.
  const heard = new Inbox(sessions[0], ['close']);
  server.terminate(null);
  await events.atLeast('close', 2);
  await stopped;
  session.close();
  await heard.next('close');
  await new Promise((resolve) => httpServer.close(resolve));
});

test('Server.close() refuses what the app still looks at', limit, async (t) => {
  const { server, raw } = await undecided(t);
  const stopped = new Promise((resolve) => server.close(resolve));
  const { status, code } = await raw.refused();
  assert.deepEqual([status, code], [503, NO_ERROR]);
  await stopped;
});

test('what the app does to the stream of a WebSocket is the end of it, and no uncaught error', limit, async (t) => {
  for (const act of [
    (stream) => stream.destroy(),
    (stream) => stream.destroy(new Error('the app')),
    (stream) => stream.close(),
    (stream) => stream.close(CANCEL),
  ]) {
    const { events, sid, stream, livesOn } = await opened(t);
    act(stream);
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    await livesOn();
  }
});
