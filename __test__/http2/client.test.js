'use strict';

// A `Client` over HTTP/2: the sessions that its WebSockets share, and HTTP/1.1 where the server takes none that way.

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const http2 = require('node:http2');
const https = require('node:https');
const { test } = require('node:test');
const { Client, Server, Upgrade } = require('../..');
const { run } = require('../support/child');
const { certificate, http2Server, serveHttp2, sessionTo } = require('../support/http2');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');
const { listening } = require('../support/serve');

/** What every client here trusts. */
const trust = () => ({ ca: certificate().cert, servername: 'localhost' });

/** A Client, which is gone when the test ends. */
function clientOf(t, options) {
  const client = new Client({ ...trust(), http2: true, ...options });
  client.inbox = new Inbox(client, ['open', 'message', 'close', 'error', 'reconnecting', 'giveup']);
  t.after(() => client.terminate(null));
  return client;
}

/** A Server over TLS and HTTP/2, and a Client. */
async function both(t, { server: serverOptions, how, ...options } = {}) {
  const it = await serveHttp2(t, serverOptions, { secure: true, allowHTTP1: true, ...how });
  return { ...it, client: clientOf(t, { url: it.url, ...options }) };
}

/** How a connection has come to a server. */
const versions = (events) => events.list('open').map(([, { httpVersion }]) => httpVersion);

test('several WebSockets on one session', limit, async (t) => {
  const { client, server, events, sessions, url } = await both(t, { how: { allowHTTP1: false } });
  const sids = await Promise.all([client.openAsync(), client.openAsync(`${url}a?b`), client.openAsync()]);
  sids.push(await client.openAsync());
  assert.deepEqual([sessions.length, versions(events)], [1, ['2.0', '2.0', '2.0', '2.0']]);
  assert.deepEqual(
    events.list('open').map(([, req]) => [req.url, req.authority]),
    [
      ['/', new URL(url).host],
      ['/a?b', new URL(url).host],
      ['/', new URL(url).host],
      ['/', new URL(url).host],
    ],
  );
  const { mask, remoteAddress, transport, url: shown } = client.sockets[sids[1]];
  assert.deepEqual([mask, remoteAddress, transport, shown], [true, '127.0.0.1', 'stream', `${url}a?b`]);
  server.on('message', (text, sid) => server.send(sid, `${text} and back`));
  for (const sid of sids) client.send(sid, 'there');
  const heard = await client.inbox.atLeast('message', 4);
  assert.deepEqual(new Set(heard.map(([, sid]) => sid)), new Set(sids));
});

test('the open listener gets the response in the form of HTTP/1.1', limit, async (t) => {
  const headers = { 'X-One': '1', 'Set-Cookie': ['a=1', 'b=2'] };
  const { client } = await both(t, {
    server: { headers, protocols: ['b'], perMessageDeflate: true },
    perMessageDeflate: true,
  });
  const sid = await client.openAsync({ protocols: ['a', 'b'] });
  const [, res] = await client.inbox.next('open');
  assert.deepEqual([res.statusCode, res.httpVersion, res.headers['x-one']], [200, '2.0', '1']);
  assert.deepEqual([res.headers['set-cookie'], res.headers[':status']], [['a=1', 'b=2'], undefined]);
  assert.deepEqual(res.headersDistinct['x-one'], ['1']);
  assert.equal(
    res.rawHeaders.some((name) => name.startsWith(':')),
    false,
  );
  const { protocol, extensions } = client.sockets[sid];
  assert.deepEqual([protocol, extensions], ['b', ['permessage-deflate']]);
});

test('headers, origin and credentials are sent, and what HTTP/2 forbids is not', limit, async (t) => {
  const { client, events, url } = await both(t);
  const headers = { 'X-A': ['1', '2'], 'Keep-Alive': 'x', TE: 'gzip', Host: 'other.example', Cookie: ['a=1', 'b=2'] };
  await client.openAsync(url.replace('//', '//user:p%40ss@'), { headers, origin: 'https://app.example' });
  const [, { headers: got, authority }] = await events.next('open');
  assert.deepEqual([got['x-a'], got['keep-alive'], got.te], ['1, 2', undefined, undefined]);
  assert.deepEqual([got.origin, got.cookie, authority], ['https://app.example', 'a=1; b=2', 'other.example']);
  assert.equal(got.authorization, `Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  assert.equal(got[':scheme'], 'https');
});

test('over HTTP/1.1, on the connection that is there, if the server speaks no HTTP/2', limit, async (t) => {
  const httpServer = https.createServer(certificate());
  const { port } = await listening(t, httpServer);
  let connections = 0;
  httpServer.on('secureConnection', () => connections++);
  const server = new Server().listen(httpServer);
  const events = new Inbox(server, ['open']);
  t.after(() => server.terminate(null).close());
  const client = clientOf(t, { url: `wss://127.0.0.1:${port}/` });
  await client.openAsync();
  assert.deepEqual([connections, versions(events)], [1, ['1.1']]);
  await Promise.all([client.openAsync(), client.openAsync()]);
  assert.deepEqual([connections, versions(events)], [3, ['1.1', '1.1', '1.1']]);
});

test('over HTTP/1.1, if it takes no WebSockets over HTTP/2', limit, async (t) => {
  const { client, events, sessions } = await both(t, { how: { settings: {} } });
  await Promise.all([client.openAsync(), client.openAsync()]);
  assert.deepEqual(versions(events), ['1.1', '1.1']);
  // The session, which is of no use, is closed.
  await Promise.all(sessions.map((session) => session.destroyed || once(session, 'close')));
});

test('ws: URLs go over HTTP/1.1: nothing says that the server speaks HTTP/2', limit, async (t) => {
  const server = new Server();
  const events = new Inbox(server, ['open']);
  t.after(() => server.terminate(null).close());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  await clientOf(t, {}).openAsync(`ws://127.0.0.1:${server.address().port}/`);
  assert.deepEqual(versions(events), ['1.1']);
});

test('a session of the app: clear text, several WebSockets, and the app closes it', limit, async (t) => {
  const { events, port, url, sessions } = await serveHttp2(t);
  const session = await sessionTo(t, port);
  const client = new Client({ url, http2: session });
  await Promise.all([client.openAsync(), client.openAsync()]);
  assert.deepEqual([versions(events), sessions.length], [['2.0', '2.0'], 1]);
  client.terminate(null);
  await events.atLeast('close', 2);
  assert.deepEqual([session.closed, session.destroyed], [false, false]);
  // One that is connecting still.
  const early = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => early.destroy());
  await client.openAsync({ http2: early });
  client.terminate(null);
});

test('a session of the app that cannot carry WebSockets: an error that says why', limit, async (t) => {
  const { port, url } = await serveHttp2(t, {}, { settings: {} });
  const session = await sessionTo(t, port);
  const client = new Client({ url });
  const code = 'ERR_WS_UNSUPPORTED_HTTP2';
  await assert.rejects(client.openAsync({ http2: session }), { code, message: /SETTINGS_ENABLE_CONNECT_PROTOCOL/ });
  const fresh = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => fresh.destroy());
  await assert.rejects(client.openAsync({ http2: fresh }), { code, message: /SETTINGS_ENABLE_CONNECT_PROTOCOL/ });
  session.close();
  await assert.rejects(client.openAsync({ http2: session }), { code, message: /closed/ });
  const nobody = http2.connect('http://127.0.0.1:1').on('error', () => {});
  await assert.rejects(client.openAsync({ http2: nobody }), { code, message: /closed/ });

  const other = await serveHttp2(t);
  const clear = await sessionTo(t, other.port);
  await assert.rejects(client.openAsync('wss://127.0.0.1/', { http2: clear }), { code, message: /not over TLS/ });
});

test('many openings at once on a session of the app that cannot carry WebSockets: each hears why', limit, async (t) => {
  const { port, url } = await serveHttp2(t, {}, { settings: {} });
  const session = await sessionTo(t, port);
  const client = new Client({ url, handshakeTimeout: 0 });
  const before = session.listenerCount('close');
  const all = Array.from({ length: 30 }, () => client.openAsync({ http2: session }).catch(({ code }) => code));
  assert.ok(session.listenerCount('close') - before <= 1, 'one listener for all of them');
  assert.deepEqual(new Set(await Promise.all(all)), new Set(['ERR_WS_UNSUPPORTED_HTTP2']));
  assert.equal(session.listenerCount('close'), before);
  // Those after them are told as well.
  await assert.rejects(client.openAsync({ http2: session }), { code: 'ERR_WS_UNSUPPORTED_HTTP2' });
});

test('a proxy of the environment is not gone round: HTTP/1.1', limit, async (t) => {
  const { url, events } = await serveHttp2(t, {}, { secure: true, allowHTTP1: true });
  const child = run(t, 'http2-client.js', [url, certificate().cert], { env: { NODE_USE_ENV_PROXY: '1' } });
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
  assert.deepEqual(versions(events), ['1.1', '1.1']);
});

test('options that contradict "http2" are a TypeError', limit, async (t) => {
  const { port } = await serveHttp2(t);
  const session = await sessionTo(t, port);
  const invalid = (name) => ({ code: 'ERR_INVALID_ARG_TYPE', message: new RegExp(`"${name}"`) });
  for (const wrong of ['yes', 1, {}, null, http2]) assert.throws(() => new Client({ http2: wrong }), invalid('http2'));
  for (const [name, value] of [
    ['agent', new https.Agent()],
    ['createConnection', () => {}],
    ['ALPNProtocols', ['h2']],
    ['maxHeaderSize', 1024],
  ]) {
    assert.throws(() => new Client({ http2: true, [name]: value }), invalid(name));
    assert.throws(() => new Client({ http2: session, [name]: value }), invalid(name));
    assert.throws(() => new Client({ http2: true }).open('wss://localhost', { [name]: value }), invalid(name));
  }
  assert.throws(() => new Client({ http2: session, ca: 'x' }), invalid('ca'));
  assert.throws(() => Upgrade.createUpgradeRequest('wss://localhost', { http2: 'yes' }), invalid('http2'));
});

test('a refusal: status, headers and body', limit, async (t) => {
  const shouldAccept = () => ({ status: 418, headers: { 'X-Tea': 'green' }, body: 'b'.repeat(5_000) });
  const { client, sessions } = await both(t, { server: { shouldAccept } });
  await assert.rejects(client.openAsync(), (error) => {
    const { code, statusCode, headers, body } = error;
    assert.deepEqual([code, statusCode, headers['x-tea']], ['ERR_WS_UNEXPECTED_RESPONSE', 418, 'green']);
    assert.equal(body, 'b'.repeat(1_024));
    return true;
  });
  // Nobody needs the session any more.
  await Promise.all(sessions.map((session) => session.destroyed || once(session, 'close')));
});

test('an answer that is none to the offer fails, and the stream is dropped', limit, async (t) => {
  const { httpServer, port } = await http2Server(t, { secure: true });
  const streams = new Inbox(httpServer, ['stream']);
  httpServer.on('stream', (stream) => stream.respond({ ':status': 200, 'sec-websocket-protocol': 'other' }));
  const client = clientOf(t, { url: `wss://127.0.0.1:${port}/` });
  await assert.rejects(client.openAsync(), { code: 'ERR_WS_INVALID_HANDSHAKE', message: /Protocol was not offered/ });
  const [stream] = await streams.next('stream');
  if (!stream.destroyed) await once(stream, 'close');
  assert.equal(stream.rstCode, http2.constants.NGHTTP2_CANCEL);
});

test('redirects are followed, on the same session and to another server', limit, async (t) => {
  const there = await serveHttp2(t, {}, { secure: true });
  const shouldAccept = ({ url }) => {
    if (url === '/here') return { status: 302, headers: { Location: '/end' } };
    if (url === '/there') return { status: 307, headers: { Location: there.url } };
    return true;
  };
  const { client, url, sessions, events } = await both(t, { server: { shouldAccept }, maxRedirects: 1 });
  await client.openAsync(`${url}here`);
  assert.deepEqual([events.list('open').map(([, req]) => req.url), sessions.length], [['/end'], 1]);
  // It is another port: whom to trust there is not said, so that it is refused.
  await assert.rejects(client.openAsync(`${url}there`), { code: /CERT|SELF_SIGNED/ });
  const session = await sessionTo(t, there.port, trust());
  const given = new Client({ http2: session, maxRedirects: 1 });
  await given.openAsync(there.url);
  given.terminate(null);

  const back = await serveHttp2(
    t,
    { shouldAccept: () => ({ status: 302, headers: { Location: there.url } }) },
    { secure: true },
  );
  const only = new Client({ http2: await sessionTo(t, back.port, trust()), maxRedirects: 1 });
  await assert.rejects(only.openAsync(back.url), { code: 'ERR_WS_UNSAFE_REDIRECT' });
});

test('handshakeTimeout and signal end a handshake, and its stream with CANCEL', limit, async (t) => {
  const { httpServer, port } = await http2Server(t, { secure: true });
  const streams = new Inbox(httpServer, ['stream']);
  const client = clientOf(t, { url: `wss://127.0.0.1:${port}/` });
  const abort = new AbortController();
  for (const [options, code, act] of [
    [{ handshakeTimeout: 300 }, 'ERR_WS_HANDSHAKE_TIMEOUT', () => {}],
    [{ signal: abort.signal }, 'ABORT_ERR', () => abort.abort('enough')],
  ]) {
    const opening = assert.rejects(client.openAsync(options), { code });
    const [stream] = await streams.next('stream');
    act();
    await opening;
    if (!stream.destroyed) await once(stream, 'close');
    assert.equal(stream.rstCode, http2.constants.NGHTTP2_CANCEL);
  }
});

test('a server that cannot be reached, is not trusted, or says nothing', limit, async (t) => {
  await assert.rejects(clientOf(t).openAsync('wss://127.0.0.1:1/'), { code: 'ECONNREFUSED' });
  const { url } = await serveHttp2(t, {}, { secure: true });
  await assert.rejects(clientOf(t, { ca: undefined }).openAsync(url), { code: /CERT|SELF_SIGNED/ });
  const { port } = await listening(t, require('node:net').createServer());
  await assert.rejects(clientOf(t, { handshakeTimeout: 50 }).openAsync(`wss://127.0.0.1:${port}/`), {
    code: 'ERR_WS_HANDSHAKE_TIMEOUT',
  });
});

test('sessions are shared by those alone that trust the same', limit, async (t) => {
  const { client, url, sessions } = await both(t);
  await client.openAsync();
  await assert.rejects(client.openAsync(url, { ca: 'another' }), { code: /./ });
  await client.openAsync({ rejectUnauthorized: false });
  await client.openAsync();
  assert.equal(sessions.length >= 2, true);
  const [first, ...others] = sessions.filter(({ destroyed }) => !destroyed);
  assert.equal(others.length, 1, String(first));
});

test('a session that is full is not asked for more: another one is opened', limit, async (t) => {
  const settings = { enableConnectProtocol: true, maxConcurrentStreams: 2 };
  const { client, events, sessions } = await both(t, { how: { settings } });
  await Promise.all(Array.from({ length: 5 }, () => client.openAsync()));
  assert.deepEqual([versions(events).length, sessions.length], [5, 3]);
});

test('a session is closed with its last WebSocket, and a new one takes its place', limit, async (t) => {
  const { client, sessions } = await both(t);
  const sids = [await client.openAsync(), await client.openAsync()];
  client.terminate(sids[0]);
  await client.inbox.next('close');
  assert.equal(sessions[0].closed, false);
  client.terminate(sids[1]);
  if (!sessions[0].destroyed) await once(sessions[0], 'close');
  await client.openAsync();
  assert.equal(sessions.length, 2);
});

test('after GOAWAY what is open goes on, and what is opened next has a session of its own', limit, async (t) => {
  const { client, server, sessions } = await both(t);
  const sid = await client.openAsync();
  sessions[0].close();
  const next = await client.openAsync();
  assert.equal(sessions.length, 2);
  server.send('to both');
  const heard = await client.inbox.atLeast('message', 2);
  assert.deepEqual(new Set(heard.map(([, from]) => from)), new Set([sid, next]));
});

test('a request that crosses GOAWAY is made again on another session', limit, async (t) => {
  const { client, httpServer, sessions, events } = await both(t);
  await client.openAsync(); // it keeps the session
  httpServer.prependOnceListener('stream', (stream) => {
    stream.session.close();
    stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
  });
  await client.openAsync();
  assert.deepEqual([sessions.length, events.list('open').length], [2, 2]);
});

test('a stream that is refused on a session that goes on is a failure', limit, async (t) => {
  const { client, httpServer, sessions } = await both(t);
  httpServer.prependOnceListener('stream', (stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM));
  await assert.rejects(client.openAsync(), { code: 'ERR_HTTP2_STREAM_ERROR', message: /REFUSED_STREAM/ });
  assert.equal(sessions.length, 1);
});

test('with reconnect a WebSocket whose session is lost is opened again', limit, async (t) => {
  const { client, sessions, server } = await both(t, { reconnect: { minDelay: 0 } });
  const sid = await client.openAsync();
  await client.inbox.next('open');
  sessions[0].destroy();
  assert.deepEqual(await client.inbox.next('close'), ['', sid, 1006]);
  const [again] = await client.inbox.next('open');
  assert.notEqual(again, sid);
  server.send('there');
  assert.deepEqual(await client.inbox.next('message'), ['there', again]);
  client.close();
});

test('a session may be asked for at each try', limit, async (t) => {
  const { url, port, sessions } = await serveHttp2(t);
  const client = new Client({ url, reconnect: { minDelay: 0 }, http2: () => sessionTo(t, port) });
  const heard = new Inbox(client, ['open', 'close']);
  client.open();
  await heard.next('open');
  sessions[0].destroy();
  await heard.next('open');
  assert.equal(sessions.length, 2);
  client.terminate(null);
});

test('what ends a Client ends handshakes that wait for a session', limit, async (t) => {
  const { port } = await listening(t, require('node:net').createServer());
  const client = clientOf(t, { url: `wss://127.0.0.1:${port}/` });
  const [one, other] = [client.openAsync(), client.openAsync()];
  client.close();
  await assert.rejects(one, { code: 'ERR_WS_CLOSED' });
  await assert.rejects(other, { code: 'ERR_WS_CLOSED' });
});

test('each WebSocket of a session has the context of its own open()', limit, async (t) => {
  const { client, server } = await both(t);
  const storage = new AsyncLocalStorage();
  const seen = new Map();
  client.on('open', (sid) => seen.set(sid, [storage.getStore()]));
  client.on('message', (_text, sid) => seen.get(sid).push(storage.getStore()));
  const sids = await Promise.all([1, 2, 3].map((n) => storage.run(n, () => client.openAsync())));
  server.send('there');
  await client.inbox.atLeast('message', 3);
  assert.deepEqual(
    sids.map((sid) => seen.get(sid)),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
});

test('Upgrade.createUpgradeRequest and handleUpgradeRequest by hand', limit, async (t) => {
  const { httpServer, port } = await http2Server(t, { secure: true }, () => {});
  const handled = new Promise((resolve) => {
    httpServer.on('connect', (req) =>
      Upgrade.handleUpgradeRequest(req, req.stream, { protocols: 'a' }, (...args) => resolve(args)),
    );
  });
  const asked = new Promise((resolve) => {
    const options = { ...trust(), http2: true, protocols: 'a' };
    Upgrade.createUpgradeRequest(`wss://127.0.0.1:${port}/`, options, (...args) => resolve(args));
  });
  const [error, stream, accepted] = await handled;
  assert.deepEqual([error, accepted.protocol, accepted.extensions], [null, 'a', '']);
  const [failed, socket, agreed, res] = await asked;
  assert.deepEqual([failed, agreed.protocol, agreed.mask, res.statusCode], [null, 'a', true, 200]);
  stream.write('as it is');
  assert.equal((await once(socket, 'data'))[0].toString(), 'as it is');
  socket.destroy();
});

test('nothing of it keeps a process alive once the last WebSocket is closed', limit, async (t) => {
  const { url } = await serveHttp2(t, {}, { secure: true });
  const child = run(t, 'http2-client.js', [url, certificate().cert]);
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
});
