'use strict';

// A client process that is stopped (SIGSTOP): its kernel still answers, and nobody reads. They run on all
// three transports.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { numbered } = require('../support/numbered');
const { TRANSPORTS, pressing } = require('../support/pressed');
const { served } = require('../support/server');

const limit = { timeout: 60_000 };
const STOPPED = 5;
const SIZE = 100_000;
const COUNT = 150; // 15 MB, more than the kernel takes

const skip = process.platform === 'win32' && 'no signals here';

/** Clients in a process of their own, which has been stopped, and one that goes on. */
async function stopped({ at, events, connect }, t) {
  const clients = await pressing(t, at);
  await clients.ask('connect', 'stopped', 'fast', STOPPED);
  await clients.ask('expect', 'stopped', COUNT, SIZE);
  const sids = (await events.atLeast('open', STOPPED)).map(([sid]) => sid);
  const other = await connect();
  clients.kill('SIGSTOP');
  return { clients, sids, other };
}

for (const transport of TRANSPORTS) {
  describe(`clients that are stopped: ${transport}`, { skip }, () => {
    test(
      'all that was sent meanwhile arrives when they go on, in order; nobody else waits',
      limit,
      served({ transport }, async (server, t) => {
        const { base, events } = server;
        const { clients, sids, other } = await stopped(server, t);
        for (let n = 0; n < COUNT; n++) {
          if (n % 2 === 0) base.send(numbered(n, SIZE));
          else base.send([...sids, other.sid], numbered(n, SIZE));
          const message = await other.message(); // one after another, while nothing else is read
          assert.ok(message === numbered(n, SIZE), `message ${n} is another`);
        }
        assert.ok(sids.every((sid) => base.bufferedAmount(sid) > 0));
        const before = events.list('drain').length;
        clients.kill('SIGCONT');
        await clients.says('stopped heard');
        await events.until(() => {
          const drained = events
            .list('drain')
            .slice(before)
            .map(([sid]) => sid);
          return sids.every((sid) => drained.includes(sid));
        });
        assert.equal(events.list('error').length, 0);
      }),
    );

    test(
      'pingInterval drops them, and nobody else',
      limit,
      served({ transport, base: { pingInterval: 1000 } }, async (server, t) => {
        const { base, events } = server;
        const { sids, other } = await stopped(server, t);
        const closes = await events.atLeast('close', STOPPED);
        assert.deepEqual(
          closes.map(([reason, sid, code]) => [reason, sid, code]).sort(),
          sids.map((sid) => ['', sid, 1006]).sort(),
        );
        assert.deepEqual([...base.socketsHistory], [other.sid]);
      }),
    );

    test(
      'timeout closes them, and their connections are let go of after closeTimeout',
      limit,
      served({ transport, base: { timeout: 1500, closeTimeout: 300 } }, async (server, t) => {
        const { base, events } = server;
        const { sids, other } = await stopped(server, t);
        const talk = setInterval(() => other.ws.send('here'), 50);
        t.after(() => clearInterval(talk));
        const closes = await events.atLeast('close', STOPPED);
        assert.deepEqual(
          closes.map(([reason, sid, code]) => [reason, sid, code]).sort(),
          sids.map((sid) => ['timeout', sid, 1001]).sort(),
        );
        assert.deepEqual([...base.socketsHistory], [other.sid]);
      }),
    );
  });
}
