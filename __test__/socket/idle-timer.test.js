'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { exchange, limit, taken } = require('../support/server');

test(
  'the timeout of a socket comes when nothing does, and again after that',
  limit,
  taken(async (it) => {
    const { socket } = it;
    assert.equal(socket.setTimeout(30), socket);
    assert.equal(socket.timeout, 30);
    await once(socket, 'timeout');
    await exchange(it);
    await once(socket, 'timeout');
    await exchange(it);
  }),
);

test(
  'a peer that talks restarts it',
  limit,
  taken(async (it) => {
    const { client, events, socket, sid } = it;
    socket.setTimeout(500, () => assert.fail('the connection is not idle'));
    const until = performance.now() + 1500;
    while (performance.now() < until) {
      await client.text('x');
      assert.deepEqual(await events.next('message'), ['x', sid]);
    }
  }),
);

test(
  'what is sent restarts it',
  limit,
  taken(async (it) => {
    const { base, client, socket, sid } = it;
    socket.setTimeout(500, () => assert.fail('the connection is not idle'));
    const until = performance.now() + 1500;
    while (performance.now() < until) {
      base.send(sid, 'x');
      await client.frame();
    }
  }),
);

test(
  'the callback of setTimeout is called once, and taken back with 0',
  limit,
  taken(async ({ socket }) => {
    let calls = 0;
    const count = () => calls++;
    socket.setTimeout(20, count);
    await once(socket, 'timeout');
    assert.equal(calls, 1);
    socket.setTimeout(20, count);
    assert.equal(socket.setTimeout(0, count), socket);
    assert.equal(socket.timeout, 0);
    socket.setTimeout(20);
    await once(socket, 'timeout');
    assert.equal(calls, 1);
  }),
);

test(
  'setTimeout throws what a net.Socket throws',
  limit,
  taken(async ({ socket }) => {
    for (const bad of ['20', undefined, null, {}]) {
      assert.throws(() => socket.setTimeout(bad), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    for (const bad of [-1, Number.NaN, Infinity]) {
      assert.throws(() => socket.setTimeout(bad), { code: 'ERR_OUT_OF_RANGE' });
    }
    assert.throws(() => socket.setTimeout(20, 'no function'), { code: 'ERR_INVALID_ARG_TYPE' });
    socket.setTimeout(0);
  }),
);

test(
  'a timeout that was set before the takeover has no effect',
  limit,
  taken(
    async (it) => {
      it.socket.on('timeout', () => assert.equal(it.socket.timeout, 40));
      it.socket.setTimeout(40);
      await once(it.socket, 'timeout');
      await exchange(it);
    },
    {
      upgrade(request, socket, head, server) {
        socket.setTimeout(5);
        server.accept(request, socket, head);
        assert.equal(socket.timeout, 0);
      },
    },
  ),
);

test(
  "a timeout of the app's is none of the HTTP server's",
  limit,
  taken(async (it) => {
    const { http, socket } = it;
    http.on('timeout', () => assert.fail('it is no request'));
    http.setTimeout(10);
    socket.setTimeout(20);
    await once(socket, 'timeout');
    await exchange(it);
    http.removeAllListeners('timeout');
    // It destroys a socket that nobody hears of.
    socket.setTimeout(20);
    await once(socket, 'timeout');
    await exchange(it);
  }),
);

test(
  'after the end of the connection there is no timeout any more',
  limit,
  taken(async ({ base, client, events, socket, sid }) => {
    socket.setTimeout(20, () => assert.equal(socket.destroyed, false));
    base.terminate(sid);
    await events.next('close');
    await client.ended();
    assert.equal(
      socket.setTimeout(20, () => assert.fail('it is over')),
      socket,
    );
    await new Promise((resolve) => setTimeout(resolve, 60));
  }),
);
