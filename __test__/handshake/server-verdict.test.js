'use strict';

// What a Server does with a request while the app looks at it.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { once } = require('node:events');
const { exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { ask, dial, refused, serve, undecided } = require('../support/serve');

test('a request that the app is still looking at counts toward maxConnections', limit, async (t) => {
  const { asked, server, events, url } = await undecided(t, { maxConnections: 1 });
  dial(t, url);
  const [resolve] = await asked.next('asked');
  assert.equal(await refused(url), 503);
  assert.equal(asked.list('asked').length, 1);
  resolve(true);
  const [sid] = await events.next('open');
  assert.deepEqual([server.connections, events.list('close').length], [1, 0]);
  assert.equal(await refused(url), 503);
  server.terminate(sid);
  await events.next('close');
  dial(t, url);
  (await asked.next('asked'))[0](true);
  await events.next('open');
});

test('where maxConnections has been lowered meanwhile it is refused, and nobody is closed', limit, async (t) => {
  const { asked, server, events, url } = await undecided(t, { maxConnections: 2 });
  dial(t, url);
  (await asked.next('asked'))[0](true);
  await events.next('open');
  const status = refused(url);
  const [resolve] = await asked.next('asked');
  server.maxConnections = 1;
  resolve(true);
  assert.equal(await status, 503);
  assert.deepEqual([server.connections, events.list('close').length], [1, 0]);
});

test(
  "a client that resets while the app looks at it takes nobody's place, and close() does not wait for it",
  limit,
  async (t) => {
    const { asked, server, events, port, url } = await undecided(t, { maxConnections: 1 });
    const socket = ask(t, port);
    const [, taken] = await asked.next('upgrade');
    const [resolve] = await asked.next('asked');
    const lost = new Promise((done) => {
      taken.once('close', done);
    }); // `once` rejects with the reset
    socket.resetAndDestroy();
    await lost;
    resolve(true); // too late
    await new Promise(setImmediate);
    const next = dial(t, url);
    const response = once(next, 'unexpected-response').then(
      ([, res]) => res.statusCode,
      () => {},
    );
    const decide = asked.next('asked').then(([say]) => say(true));
    assert.equal(await Promise.race([response, events.next('open').then(() => 101)]), 101);
    await decide;
    await new Promise((done) => server.close(done));
    assert.deepEqual([events.list('open').length, events.list('error').length], [1, 0]);
  },
);

test('a client that ends its side while the app looks at it is let go', limit, async (t) => {
  for (const never of [{}, { origins: () => new Promise(() => {}) }, { protocols: () => new Promise(() => {}) }]) {
    const { asked, events, port } = await undecided(t, { handshakeTimeout: 0, ...never });
    const socket = ask(t, port);
    const [, taken] = await asked.next('upgrade');
    const released = once(taken, 'close');
    socket.end();
    await released;
    assert.equal(events.list('error').length, 0);
  }
});

test(
  'handshakeTimeout: what is not decided on by then is refused with 503, and the Server says so',
  limit,
  async (t) => {
    const forever = () => new Promise(() => {});
    for (const never of [{ shouldAccept: forever }, { origins: forever }, { protocols: forever }]) {
      const { server, events, port } = await serve(t, { handshakeTimeout: 50, maxConnections: 1, ...never });
      for (let times = 0; times < 2; times++) {
        // the first has given its place back
        const response = await exchange(port, requestText());
        assert.deepEqual([response.status, response.ended], [503, true]);
        assert.match(response.body, /50 ms/);
        const [error] = await events.next('error');
        assert.deepEqual([error.code, error.statusCode], ['ERR_WS_HANDSHAKE_TIMEOUT', 503]);
      }
      await new Promise((resolve) => server.close(resolve));
    }
  },
);

test('a verdict after handshakeTimeout changes nothing, and one in time ends it', limit, async (t) => {
  const { asked, server, events, port, url } = await undecided(t, { handshakeTimeout: 50 });
  const response = exchange(port, requestText());
  const [late] = await asked.next('asked');
  assert.equal((await response).status, 503);
  late(true);
  await new Promise(setImmediate);
  assert.equal(events.list('open').length, 0);
  dial(t, url);
  (await asked.next('asked'))[0](true);
  await events.next('open');
  // A timer that was made after that of the handshake comes after it.
  await new Promise((resolve) => {
    setTimeout(resolve, 51);
  });
  assert.deepEqual([server.connections, events.list('error').length], [1, 1]);
});
