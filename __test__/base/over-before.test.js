'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

const ACTIONS = {
  'send(sid)': (base, sid) => base.send(sid, 'welcome'),
  'send([sid])': (base, sid) => base.send([sid], 'welcome'),
  'ping(sid)': (base, sid) => base.ping(sid, 'p'),
};

for (const [what, act] of Object.entries(ACTIONS)) {
  test(
    `${what} in open of a socket that was destroyed before: no throw, close with 1006`,
    limit,
    served(
      {
        upgrade(request, socket, head, { base, assigned }) {
          socket.destroy();
          base.once('open', (sid) => act(base, sid));
          let sid;
          assert.doesNotThrow(() => (sid = base.assignSocket(socket, { head })));
          assigned.emit(request.url, sid);
        },
      },
      async ({ raw, events }) => {
        const { sid } = await raw({ paused: true });
        assert.deepEqual(await events.next('close'), ['', sid, 1006]);
        assert.deepEqual(
          events.all.map(({ name }) => name),
          ['open', 'close'],
        );
      },
    ),
  );
}
