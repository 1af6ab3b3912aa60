'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { Base, Client, Frame, Server } = require('../..');
const { limit, served } = require('../support/server');

const line = (value, options) => inspect(value, { breakLength: Infinity, ...options });

test('a Base shows where it stands, and nothing of its credentials', () => {
  const base = new Base({ url: 'wss://user:secret@example.com/feed?token=secret', maxConnections: 5 });
  base.extensions['x-upper'] = { read: (next) => next() };
  const expected =
    "Base { url: 'wss://example.com/feed/', connections: 0, maxConnections: 5, extensions: [ 'x-upper' ] }";
  assert.equal(line(base), expected);
  assert.equal(line(base, { showHidden: true, depth: null }).includes('secret'), false);
});

test('a subclass has its own name, and its own properties', () => {
  class Chat extends Base {
    rooms = new Map([['a', { b: { c: {} } }]]);
  }
  assert.match(line(new Chat()), /^Chat \{ url: .*, rooms: Map\(1\) \{ 'a' => \{ b: \[Object\] \} \} \}$/);
});

test('a Server shows where it listens, a Client what it is opening', async () => {
  const server = new Server();
  assert.match(
    line(server),
    /^Server \{ .*connections: 0, maxConnections: Infinity, extensions: \[\], address: null, stopping: false \}$/,
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  assert.ok(line(server).includes(`, address: ${line(server.address())}, stopping: false }`), line(server));
  const stopped = new Promise((resolve) => server.close(resolve));
  assert.match(line(server), /stopping: true/);
  await stopped;
  const client = new Client({ url: 'ws://127.0.0.1:1/' }).on('error', () => {}).open();
  assert.match(line(client), /^Client \{ .*, opening: 1 \}$/);
  client.close();
  assert.match(line(client), /opening: 0 \}$/);
});

test(
  'a connection, alone and among others',
  limit,
  served({}, async ({ base, connect }) => {
    const { sid } = await connect();
    const connection = base.sockets[sid];
    const shown = `Connection { sid: '${sid}', readyState: 1, transport: '${connection.transport}', protocol: '', remoteAddress: '127.0.0.1', bufferedAmount: 0 }`;
    assert.equal(line(connection), shown);
    assert.match(line(base.sockets), new RegExp(`^\\{ '?${sid}'?: Connection \\{`));
    assert.equal(inspect.custom in connection, true);
  }),
);

test('a frame', () => {
  assert.equal(line(new Frame()), 'Frame { opcode: 1, fin: true, mask: false, length: 0, content: <Buffer > }');
  const frame = new Frame(Buffer.from([0x42, 0x83, 1, 2, 3, 4, 1, 2, 3]));
  assert.equal(
    line(frame),
    'Frame { opcode: 2, fin: false, rsv1: true, mask: true, length: 3, content: <Buffer 00 00 00> }',
  );
  frame.content = Buffer.alloc(1 << 20);
  assert.ok(line(frame).length < 300);
});

test(
  'depth is honoured',
  limit,
  served({}, async ({ base, connect }) => {
    const { sid } = await connect();
    const all = [base, base.sockets[sid], new Frame(), new Server(), new Client()];
    const names = ['[Base]', '[Connection]', '[Frame]', '[Server]', '[Client]'];
    assert.equal(line(all, { depth: 0 }), `[ ${names.join(', ')} ]`);
    assert.equal(line(base, { depth: 0 }).includes('extensions: []'), true);
    assert.equal(line([new Server()], { depth: null }).startsWith('[ Server {'), true);
  }),
);

test('prototypes can be shown', () => {
  for (const Class of [Base, Client, Frame, Server])
    assert.equal(typeof inspect(Class.prototype, { showHidden: true }), 'string');
});
