'use strict';

// How many connections one address may have.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base, Server } = require('../..');
const { limit, unixPath } = require('../support/server');
const { connect, dial, refused, serve, undecided } = require('../support/serve');

/** @returns {Promise<void>} once the client has closed, whatever error that is */
const gone = (client) => new Promise((resolve) => client.on('close', () => resolve()));

/** A request that counts for this address. */
const from = (address) => ({ headers: { 'X-Address': address } });

/** Options of a Server for which requests come from where their header says. */
const counting = (most) => ({ maxConnectionsPerAddress: most, addressOf: (req) => req.headers['x-address'] });

test('one more gets 429, until one of them is closed, however it ends', limit, async (t) => {
  const { server, events, url } = await serve(t, { maxConnectionsPerAddress: 2 });
  const ends = [
    (client) => client.terminate(),
    (client) => client.close(),
    (_client, sid) => server.close(sid),
    (_client, sid) => server.terminate(sid),
  ];
  const clients = [await connect(url), await connect(url)];
  for (const [index, end] of ends.entries()) {
    assert.equal(await refused(url), 429);
    const oldest = clients.shift();
    end(oldest, server.socketsHistory[0]);
    await events.atLeast('close', index + 1);
    clients.push(await connect(url));
  }
  assert.equal(await refused(url), 429);
  assert.equal(server.connections, 2);
  assert.equal(events.list('error').length, 0);
});

test('a place is given back once: not again by what ends later', limit, async (t) => {
  const { server, events, url } = await serve(t, { maxConnectionsPerAddress: 1, closeTimeout: 50 });
  for (let round = 1; round <= 5; round++) {
    const client = await connect(url);
    const sid = server.socketsHistory[0];
    server.close(sid).terminate(sid);
    client.terminate();
    await events.atLeast('close', round);
  }
  await connect(url);
  assert.equal(await refused(url), 429);
});

test('a handshake under way has a place, whatever becomes of it', limit, async (t) => {
  const { asked, url } = await undecided(t, { maxConnectionsPerAddress: 1 });
  for (const [round, verdict] of [403, { status: 500 }, 'nonsense', { headers: { 'no token': '' } }].entries()) {
    const client = dial(t, url);
    const decide = (await asked.atLeast('asked', round + 1))[round][0];
    assert.equal(await refused(url), 429);
    decide(verdict);
    await gone(client);
  }
  const client = dial(t, url);
  const decide = (await asked.atLeast('asked', 5))[4][0];
  decide(true);
  await once(client, 'open');
  assert.equal(await refused(url), 429);
  assert.equal(asked.list('asked').length, 5);
});

test('a request that is out of order has none', limit, async (t) => {
  const { events, url } = await serve(t, { maxConnectionsPerAddress: 1, origins: ['https://a'] });
  for (let i = 0; i < 3; i++) assert.equal(await refused(url, { origin: 'https://b' }), 403);
  const client = await connect(url, { origin: 'https://a' });
  assert.equal(await refused(url, { origin: 'https://a' }), 429);
  client.terminate();
  await events.next('close');
});

test('a socket that could not be taken gives its place back', limit, async (t) => {
  const other = new Base();
  t.after(() => other.terminate(null));
  const { server, events, url } = await serve(t, { maxConnectionsPerAddress: 1 });
  server.shouldAccept = (req) => {
    other.assignSocket(req.socket);
    return true;
  };
  await gone(dial(t, url));
  const [error] = await events.next('error');
  assert.equal(error.code, 'ERR_WS_SOCKET_TAKEN');
  server.shouldAccept = () => true;
  await connect(url);
  assert.equal(await refused(url), 429);
});

test('addressOf says whom a request counts for', limit, async (t) => {
  const { url } = await serve(t, counting(1));
  await connect(url, from('Anna'));
  await connect(url, from('Bert'));
  assert.equal(await refused(url, from('Anna')), 429);
  assert.equal(await refused(url, from('Bert')), 429);
});

for (const [what, same, other] of [
  ['an IPv4 address', ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201', '64:ff9b::192.0.2.1'], '192.0.2.2'],
  ['a /64', ['2001:db8:0:1::1', '2001:db8::1:ffff:0:0:2', '2001:DB8:0:1:2:3:4.5.6.7'], '2001:db8:0:2::1'],
  ['a link-local address', ['fe80::1', 'fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'], 'fe80::2'],
  ['the loopback address', ['::1', '0:0:0:0:0:0:0:1'], '127.0.0.1'],
  ['a name', ['::g'], '::h'],
]) {
  test(`${what} counts as one`, limit, async (t) => {
    const { url } = await serve(t, counting(1));
    await connect(url, from(same[0]));
    for (const address of same) assert.equal(await refused(url, from(address)), 429, address);
    await connect(url, from(other));
  });
}

test('what addressOf does wrong is 500 and an error, and no place', limit, async (t) => {
  const results = [undefined, null, '', 5, Promise.resolve('x')];
  const cause = new Error('of the app');
  let next = 0;
  const addressOf = () => {
    if (next === results.length) throw cause;
    return results[next++];
  };
  const { events, url } = await serve(t, { maxConnectionsPerAddress: 1, addressOf });
  for (const [index] of [...results, 'thrown'].entries()) {
    assert.equal(await refused(url), 500);
    const [error] = (await events.atLeast('error', index + 1))[index];
    assert.equal(error.code, 'ERR_WS_UPGRADE_FAILED');
    if (index === results.length) assert.equal(error.cause, cause);
    else assert.match(error.cause.message, /"addressOf" must be a string that is not empty/);
  }
});

test('without maxConnectionsPerAddress nobody is counted, nor asked', limit, async (t) => {
  const { url } = await serve(t, { addressOf: () => assert.fail('it was asked') });
  await Promise.all(Array.from({ length: 20 }, () => connect(url)));
});

test('Unix-domain sockets have no address, and are not counted', limit, async (t) => {
  const server = new Server({ maxConnectionsPerAddress: 1 });
  t.after(() => server.terminate(null).close());
  const path = unixPath();
  await new Promise((resolve) => server.listen(path, resolve));
  for (let i = 0; i < 3; i++) await connect(`ws+unix:${path}:/`);
  assert.equal(server.connections, 3);
});

test('options that are wrong are named', () => {
  for (const [name, value, code] of [
    ['maxConnectionsPerAddress', 0, 'ERR_OUT_OF_RANGE'],
    ['maxConnectionsPerAddress', 1.5, 'ERR_OUT_OF_RANGE'],
    ['maxConnectionsPerAddress', '1', 'ERR_INVALID_ARG_TYPE'],
    ['maxHandshakes', -1, 'ERR_OUT_OF_RANGE'],
    ['maxHandshakes', null, 'ERR_INVALID_ARG_TYPE'],
    ['addressOf', 'x-real-ip', 'ERR_INVALID_ARG_TYPE'],
  ]) {
    assert.throws(() => new Server({ [name]: value }), { code, message: new RegExp(`^The "${name}" option must be`) });
  }
});
