'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { LoopBack, OldStream } = require('../support/streams');
const { BINARY, CLOSE, PING, PONG, TEXT, encode } = require('../support/frames');

/** How a listener may end a connection, and what comes of it when the peer answers nothing. */
const ENDS = {
  close: (base, sid) => base.close(sid, 'enough'),
  terminate: (base, sid) => base.terminate(sid),
  'close of all': (base) => base.close(),
  'destroy() of the socket': (base, sid) => base.sockets[sid].socket.destroy(),
};

/** event → the frame that brings it about */
const KINDS = {
  message: { opcode: TEXT, payload: 'm' },
  binary: { opcode: BINARY, payload: 'b' },
  ping: { opcode: PING, payload: 'p' },
  pong: { opcode: PONG, payload: 'q' },
};

for (const [how, end] of Object.entries(ENDS)) {
  for (const [name, frame] of Object.entries(KINDS)) {
    test(
      `${how} in the third ${name} of a packet of 1000: there is no fourth`,
      limit,
      served({ base: { closeTimeout: 50 } }, async ({ base, events, raw }) => {
        let count = 0;
        base.on(name, (_payload, sid) => {
          if (++count === 3) end(base, sid);
        });
        const client = await raw();
        await client.write(Buffer.concat(Array.from({ length: 1000 }, () => encode(frame))));
        await events.next('close');
        assert.deepEqual(
          events.all.map((event) => event.name),
          ['open', name, name, name, 'close'],
        );
      }),
    );
  }
}

test(
  'other connections of the same batch are heard on',
  limit,
  served({ base: { closeTimeout: 50 } }, async ({ base, events, raw }) => {
    const clients = [await raw(), await raw(), await raw()];
    const heardOf = ({ sid }) => events.list('message').filter(([, from]) => from === sid).length;
    base.on('message', (_text, sid) => {
      if (sid === clients[0].sid && heardOf(clients[0]) === 3) base.terminate(sid);
    });
    const packet = Buffer.concat(Array.from({ length: 500 }, () => encode(KINDS.message)));
    await Promise.all(clients.map((client) => client.write(packet)));
    await events.next('close');
    await events.atLeast('message', 1003);
    assert.deepEqual(clients.map(heardOf), [3, 500, 500]);
  }),
);

test(
  "one listener ends another's connection",
  limit,
  served({}, async ({ base, events, raw }) => {
    const [judge, other] = [await raw(), await raw()];
    base.on('message', (_text, sid) => {
      if (sid === judge.sid) base.terminate(other.sid);
    });
    let after = 0;
    base.on('message', (_text, sid) => {
      if (sid === other.sid && base.sockets[other.sid] === undefined) after++;
    });
    const flood = other
      .write(Buffer.concat(Array.from({ length: 20_000 }, () => encode(KINDS.message))))
      .catch(() => {});
    await judge.text('off with him');
    await events.next('close');
    await flood;
    assert.equal(after, 0);
  }),
);

test(
  'what a listener sends to the connection that it has closed is not sent',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.on('message', (_text, sid) => {
      base.close(sid, 'enough');
      base.send(sid, 'late');
      base.ping(sid, 'late');
    });
    await client.text('the only one');
    await client.inbox.atLeast('frame', 1);
    await client.close(1000, 'enough');
    await events.next('close');
    assert.deepEqual(
      client.frames.map(({ opcode }) => opcode),
      [CLOSE],
    );
    const { messagesSent, pingsSent } = base.stats();
    assert.deepEqual([messagesSent, pingsSent], [0, 0]);
  }),
);

for (const [how, end, code] of [
  ['close', (base, sid) => base.close(sid, 'no'), 1000],
  ['terminate', (base, sid) => base.terminate(sid), 1006],
]) {
  test(
    `${how} in open: close follows, and nothing else`,
    limit,
    served({}, async ({ base, events, raw }) => {
      base.on('open', (sid) => end(base, sid));
      const client = await raw({ head: encode(KINDS.message), paused: true });
      client.resume();
      if (code === 1000) await client.close(1000, 'no');
      assert.deepEqual(await events.next('close'), [code === 1000 ? 'no' : '', client.sid, code]);
      assert.deepEqual(
        events.all.map(({ name }) => name),
        ['open', 'close'],
      );
    }),
  );
}

test(
  'close in close, in error and in drain throws nothing',
  limit,
  served({ unix: true, base: { closeTimeout: 50 } }, async ({ base, events, raw }) => {
    for (const name of ['close', 'error', 'drain']) {
      base.on(name, (...args) => {
        const sid = name === 'close' ? args[1] : name === 'error' ? args[0].sid : args[0];
        base.close(sid, 'again');
        base.terminate(sid);
        base.send(sid, 'x');
        base.ping(sid, 'x');
      });
    }
    const bad = await raw();
    await bad.send({ opcode: 3 });
    await events.next('close');
    const slow = await raw({ paused: true });
    base.send(slow.sid, Buffer.alloc(4 << 20));
    slow.resume();
    await events.next('close');
    assert.equal(events.list('drain').length, 1);
  }),
);

test(
  'send in close reaches the others',
  limit,
  served({}, async ({ base, connectMany }) => {
    base.on('close', (reason, sid) => base.send(`${sid} left: ${reason}`));
    const [stays, leaves] = await connectMany(2);
    leaves.ws.close(1000, 'supper');
    assert.equal(await stays.message(), `${leaves.sid} left: supper`);
  }),
);

test(
  'assignSocket in a listener',
  limit,
  served(
    {
      upgrade(request, socket, head, server) {
        if (server.events.list('open').length === 0) return server.accept(request, socket, head);
        server.base.once('message', () => server.accept(request, socket, head));
        server.assigned.emit('held');
      },
    },
    async ({ base, connect, assigned }) => {
      const first = await connect();
      const held = new Promise((resolve) => assigned.once('held', resolve));
      const second = connect();
      await held;
      await first.send('let him in');
      const client = await second;
      base.send('both');
      assert.equal(await first.message(), 'both');
      assert.equal(await client.message(), 'both');
    },
  ),
);

test(
  'listeners that are added and removed in a listener',
  limit,
  served({}, async ({ base, events, raw }) => {
    const heard = [];
    base.once('message', () => base.on('message', (text) => heard.push(text)));
    const client = await raw();
    await client.write(Buffer.concat(['0', '1', '2'].map((payload) => encode({ opcode: TEXT, payload }))));
    await events.atLeast('message', 3);
    assert.deepEqual(heard, ['1', '2']);
  }),
);

/** What a listener may do to the `Base` while one of its events is emitted. */
const DEEDS = {
  'assigns a stream, which echoes at once': (base) => base.send(base.assignSocket(new LoopBack()), 'echo').close(),
  'assigns a stream, and more than maxConnections': (base) => {
    for (let i = 0; i < 20; i++) base.assignSocket(new OldStream());
  },
  'closes and terminates all': (base) => base.close().terminate(null),
  'sends to a sid that is gone': (base, gone) =>
    base.send(gone, 'x').ping(gone, 'x').close(gone).terminate(gone).pause(gone).resume(gone),
  'pauses all, and resumes': (base) => base.pause(null).resume(null),
  'adds and removes listeners': (base) => {
    for (const name of [...Object.keys(KINDS), 'open', 'close', 'error', 'drain'])
      base.off(name, ignore).on(name, ignore);
  },
};
function ignore() {}

/** How each event is brought about on a new connection. */
const CAUSES = {
  ...Object.fromEntries(Object.entries(KINDS).map(([name, frame]) => [name, (client) => client.send(frame)])),
  open: () => {},
  close: (client) => client.socket.end(),
  error: (client) => client.send({ opcode: 3 }),
  drain: (client, base) => base.send(client.sid, Buffer.alloc(4 << 20)),
};

for (const [what, deed] of Object.entries(DEEDS)) {
  test(
    `a listener of each event ${what}`,
    limit,
    served({ base: { maxConnections: 8, closeTimeout: 50 } }, async ({ base, events, raw }) => {
      const gone = await raw();
      gone.destroy();
      await events.next('close');
      for (const [name, cause] of Object.entries(CAUSES)) {
        // Once: what it does may be what brings the event about.
        const done = new Promise((resolve, reject) =>
          base.once(name, () => {
            try {
              deed(base, gone.sid);
              resolve();
            } catch (error) {
              reject(error);
            }
          }),
        );
        const client = await raw({ paused: name === 'open' });
        client.resume();
        await cause(client, base);
        await done;
        client.destroy();
      }
      base.close();
      await events.until(() => events.list('close').length === events.list('open').length);
      const { connections, closing, streams } = base.stats();
      assert.deepEqual({ connections, closing, streams }, { connections: 0, closing: 0, streams: 0 });
    }),
  );
}
