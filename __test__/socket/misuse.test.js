'use strict';

const assert = require('node:assert/strict');
const { Readable, Writable, pipeline } = require('node:stream');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

/** What an application or a framework may still do to a socket it has handed over. None of it is
 *  an uncaught error, and none of it is seen by the peer. */
const HARMLESS = {
  'write(data)': (socket) => socket.write('stray'),
  'write(data, encoding, callback)': (socket) => socket.write('stray', 'latin1', () => {}),
  'cork, write, uncork': (socket) => {
    socket.cork();
    socket.write('stray');
    socket.write('bytes');
    socket.uncork();
  },
  'resume()': (socket) => socket.resume(),
  'pause(), and resume() later': (socket) => socket.pause() && setImmediate(() => socket.resume()),
  'read()': (socket) => socket.read(),
  'a readable listener': (socket) => socket.on('readable', () => socket.read()),
  'pipe() to a sink': (socket) => socket.pipe(new Writable({ write: (_chunk, _encoding, done) => done() })),
  'setTimeout()': (socket) => socket.setTimeout(1),
  'removing its listeners of end and timeout': (socket) => {
    socket.removeAllListeners('end');
    socket.removeAllListeners('timeout');
  },
  'looking at it': (socket) =>
    JSON.stringify([
      socket.readyState,
      socket.pending,
      socket.connecting,
      socket.destroyed,
      socket.bufferSize,
      socket.writableLength,
      socket.readableLength,
      socket.writable,
      socket.readable,
      socket.timeout,
      socket.writableEnded,
    ]),
};

/** These end the connection, in one way or another. */
const ENDING = {
  'destroySoon()': (socket) => socket.destroySoon(),
  'resetAndDestroy()': (socket) => socket.resetAndDestroy(),
  'destroy(), twice': (socket) => socket.destroy() && socket.destroy(new Error('again')),
  'end(), twice': (socket) => socket.end() && socket.end('stray'),
  'end(), then destroy()': (socket) => socket.end() && socket.destroy(),
  'end(callback)': (socket) => socket.end(() => {}),
  'a pipeline that fails': (socket) => {
    const source = new Readable({ read() {} });
    pipeline(source, socket, () => {});
    source.destroy(new Error('of the source'));
  },
  'leaving a loop over it': async (socket) => {
    setImmediate(() => socket.destroy());
    for await (const chunk of socket) assert.fail(`read ${chunk}`);
  },
};

for (const [what, act] of Object.entries(HARMLESS)) {
  test(
    `${what}: the connection goes on, and the peer sees nothing of it`,
    limit,
    served({}, async ({ accepted, base, events, raw }) => {
      const client = await raw();
      act(accepted.get(client.sid));
      await new Promise((resolve) => setImmediate(resolve)); // what is uncaught would be so by now
      for (let i = 0; i < 3; i++) {
        await client.text(`to ${i}`);
        assert.deepEqual(await events.next('message'), [`to ${i}`, client.sid]);
        base.send(client.sid, `fro ${i}`);
        assert.equal(await client.said(), `fro ${i}`);
      }
    }),
  );
}

for (const [what, act] of Object.entries(ENDING)) {
  test(
    `${what}: the connection ends, and nothing else happens`,
    limit,
    served({ base: { closeTimeout: 50 } }, async ({ accepted, base, events, raw }) => {
      const [client, other] = [await raw(), await raw()];
      const socket = accepted.get(client.sid);
      const gone = new Promise((resolve) => socket.once('close', resolve));
      Promise.resolve(act(socket)).catch(() => {}); // a loop over it fails with the socket
      const [, sid] = await events.next('close');
      assert.equal(sid, client.sid);
      await client.ended();
      await gone;
      assert.deepEqual(events.list('error'), []);
      base.send('still here');
      assert.equal(await other.said(), 'still here');
      for (const { payload } of client.frames) assert.ok(!payload.includes('stray'));
    }),
  );
}
