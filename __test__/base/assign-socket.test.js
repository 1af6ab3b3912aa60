'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const tls = require('node:tls');
const { Duplex, PassThrough, Stream } = require('node:stream');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base } = require('../..');
const { RawClient } = require('../support/raw-client');
const { limit, served } = require('../support/server');
const { LoopBack } = require('../support/streams');
const { switchingProtocols } = require('../support/upgrade');

test(
  'assignSocket emits open before it returns, with the sid that it returns',
  limit,
  served(
    {
      upgrade(request, socket, head, server) {
        const order = [];
        server.base.once('open', (sid) =>
          order.push(['open', sid, server.base.connections, sid in server.base.sockets]),
        );
        socket.write(switchingProtocols(request));
        const sid = server.assign(request, socket, { head });
        order.push(['returned', sid]);
        server.order = order;
      },
    },
    async (server) => {
      const { sid } = await server.connect();
      assert.deepEqual(server.order, [
        ['open', sid, 1, true],
        ['returned', sid],
      ]);
    },
  ),
);

test(
  'what the open listener sends arrives',
  limit,
  served({}, async ({ base, connect }) => {
    base.on('open', (sid) => base.send(sid, `welcome ${sid}`));
    const client = await connect();
    assert.equal(await client.message(), `welcome ${client.sid}`);
  }),
);

test('a bare net.Socket is taken as well, without any HTTP', limit, async (t) => {
  const base = new Base();
  const server = net.createServer((socket) => base.assignSocket(socket)).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const client = new RawClient({ port: server.address().port, host: '127.0.0.1' }, { upgrade: false });
  t.after(() => client.destroy());
  base.on('message', (text, sid) => base.send(sid, text));
  await client.text('no http');
  assert.equal(await client.said(), 'no http');
  const closed = once(base, 'close');
  client.destroy();
  await closed;
});

test('what is not a stream is a TypeError', () => {
  const base = new Base();
  for (const socket of [undefined, null, 5, 'socket', {}, [], () => {}, { write() {} }]) {
    assert.throws(() => base.assignSocket(socket), TypeError);
  }
  assert.throws(() => base.assignSocket(), TypeError);
  assert.equal(base.connections, 0);
});

test('streams that are not plain sockets cannot have the socket transport, and say so', () => {
  const base = new Base();
  base.on('open', () => assert.fail('nothing may have been opened'));
  const old = new Stream();
  old.write = old.end = () => true;
  const duplex = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done();
    },
  });
  for (const socket of [duplex, new PassThrough(), old]) {
    assert.throws(() => base.assignSocket(socket, { transport: 'socket' }), {
      name: 'Error',
      code: 'ERR_WS_UNSUPPORTED_SOCKET',
    });
  }
  assert.equal(base.connections, 0);
});

for (const [extensions, error] of [
  [['x-mine'], { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
  // An offer, not what was agreed on.
  ['permessage-deflate; client_max_window_bits', { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
  [['permessage-deflate; server_max_window_bits=16'], { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
  ['permessage-deflate, permessage-deflate', { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
]) {
  test(
    `extensions ${JSON.stringify(extensions)} are refused, and the socket is left alone`,
    limit,
    served(
      {
        upgrade(request, socket, head, server) {
          socket.write(switchingProtocols(request));
          assert.throws(() => server.base.assignSocket(socket, { head, extensions }), error);
          assert.equal(server.base.connections, 0);
          assert.equal(server.events.list('open').length, 0);
          server.assign(request, socket, { head });
        },
      },
      async ({ base, connect }) => {
        const client = await connect();
        base.send('after all');
        assert.equal(await client.message(), 'after all');
      },
    ),
  );
}

test('neither can TLS, whose descriptor carries the ciphertext', limit, async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const plain = net.connect(server.address().port, '127.0.0.1');
  t.after(() => plain.destroy());
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(plain, 'connect')]);
  t.after(() => accepted.destroy());
  const secure = new tls.TLSSocket(plain);
  t.after(() => secure.destroy());
  secure.on('error', () => {}); // there is nobody to shake hands with
  const base = new Base();
  assert.throws(() => base.assignSocket(secure, { transport: 'socket' }), {
    name: 'Error',
    code: 'ERR_WS_UNSUPPORTED_SOCKET',
  });
  assert.equal(base.connections, 0);
});

test(
  'no extensions are no reason to refuse',
  limit,
  served({ assign: { extensions: [] } }, async ({ base, connect }) => {
    const client = await connect();
    base.send('x');
    assert.equal(await client.message(), 'x');
  }),
);

test(
  'a socket cannot be assigned twice, to nobody',
  limit,
  served({}, async ({ base, accepted, connect, events }) => {
    const client = await connect();
    const socket = accepted.get(client.sid);
    const other = new Base();
    for (const taker of [base, other]) {
      assert.throws(() => taker.assignSocket(socket), { name: 'Error', code: 'ERR_WS_SOCKET_TAKEN' });
    }
    assert.equal(other.connections, 0);
    assert.equal(events.list('open').length, 1);
    base.send('still here');
    assert.equal(await client.message(), 'still here');
  }),
);

/** A server whose sockets are spoilt before they are assigned. */
function spoilt(spoil) {
  return served(
    {
      async upgrade(request, socket, head, server) {
        await spoil(socket);
        const { base } = server;
        let sid;
        assert.doesNotThrow(() => (sid = base.assignSocket(socket, { head })));
        server.assigned.emit(request.url, sid);
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
  );
}

test(
  'a socket that is destroyed already: open, then close with 1006',
  limit,
  spoilt((socket) => socket.destroy()),
);

test(
  'a socket that was destroyed and has said so: the same',
  limit,
  spoilt(async (socket) => {
    socket.destroy();
    await once(socket, 'close');
  }),
);

test(
  'a socket that we have ended already: the same',
  limit,
  spoilt((socket) => socket.end()),
);

test(
  'a socket that the peer has ended already, and we have read it: the same',
  limit,
  served(
    {
      async upgrade(_request, socket, head, server) {
        socket.resume();
        await once(socket, 'end');
        server.base.assignSocket(socket, { head });
      },
    },
    async ({ request, events }) => {
      const client = request('/');
      client.socket.end();
      const [sid] = await events.next('open');
      assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    },
  ),
);

test(
  'a socket that is destroyed while another makes room for it: the same',
  limit,
  served(
    {
      base: { maxConnections: 1 },
      upgrade(request, socket, head, server) {
        const oldest = new LoopBack();
        server.base.assignSocket(oldest);
        oldest.once('frame', () => socket.destroy());
        assert.doesNotThrow(() => server.assign(request, socket, { head }));
      },
    },
    async ({ base, raw, events }) => {
      const { sid } = await raw({ paused: true });
      await events.atLeast('close', 2);
      assert.deepEqual(
        events.list('close').find(([, one]) => one === sid),
        ['', sid, 1006],
      );
      assert.equal(base.connections, 0);
    },
  ),
);

test('a signal that is aborted later terminates', limit, async (t) => {
  const controller = new AbortController();
  await served({ assign: { signal: controller.signal } }, async ({ connect, events, base }) => {
    const client = await connect();
    base.send('before');
    assert.equal(await client.message(), 'before');
    controller.abort();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    assert.equal((await client.closed()).code, 1006);
  })(t);
});

test(
  'a signal that is aborted already throws, and changes nothing',
  limit,
  served(
    {
      upgrade(request, socket, head, server) {
        const signal = AbortSignal.abort();
        assert.throws(() => server.base.assignSocket(socket, { head, signal }), { name: 'AbortError' });
        assert.equal(server.base.connections, 0);
        assert.equal(server.events.list('open').length, 0);
        server.accept(request, socket, head);
      },
    },
    async ({ base, connect }) => {
      const client = await connect();
      base.send('usable');
      assert.equal(await client.message(), 'usable');
    },
  ),
);

test('a signal that outlives its connection does nothing', limit, async (t) => {
  const controller = new AbortController();
  await served({ assign: { signal: controller.signal } }, async ({ connect, events }) => {
    const client = await connect();
    client.ws.close(1000, 'bye');
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 1000]);
    controller.abort();
  })(t);
});

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
