'use strict';

// A test of the app's fakes time, as Jest does: on the `process` that its modules see, and on the globals.

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const Module = require('node:module');
const { once } = require('node:events');
const { after, before, describe, test } = require('node:test');
const path = require('node:path');
const { Server: IoServer } = require('socket.io');
const { io } = require('socket.io-client');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { DRIVEN_BY, TRANSPORT, TestServer, limit } = require('../support/server');
const { carrier } = require('../support/wss');

/** Rust may do a client's TLS where Node does the server's. */
const CLIENT_BY = TRANSPORT === 'tls' ? carrier : DRIVEN_BY;

const LIB = path.join(__dirname, '..', '..', path.sep);
const CALL = `${path.join(LIB, 'lib')}${path.sep}`;
const FAKED = ['clearInterval', 'clearTimeout', 'queueMicrotask', 'setImmediate', 'setInterval', 'setTimeout'];

/** The timers of which a module of ours has called the fake. @type {string[]} */
const called = [];

/**
 * A fake as `@sinonjs/fake-timers` leaves it: what it has replaced is found at its clock. It does as that would for
 * us, nothing; other libraries, which take part in the test, go on.
 */
function fake(name, real) {
  const call = (...args) => {
    const [, , caller] = new Error().stack.split('\n');
    if (!caller.includes(CALL)) return real(...args);
    called.push(`${name} ${caller}`);
  };
  return Object.assign(call, { clock: { [`_${name}`]: real } });
}

/** Replaces them, and says how that is undone. */
function install() {
  const undo = [];
  for (const [target, names] of [
    [globalThis, FAKED],
    [globalThis.sandboxed, ['nextTick']],
  ]) {
    for (const name of names) {
      const real = target[name];
      target[name] = fake(name, real);
      undo.push(() => (target[name] = real));
    }
  }
  return () => undo.forEach((one) => one());
}

/** A fresh copy of the module, whose `process` is `globalThis.sandboxed`. */
function load() {
  const [wrapper] = Module.wrapper;
  Module.wrapper[0] = `${wrapper}const process = globalThis.sandboxed;`;
  for (const name of Object.keys(require.cache)) {
    if (name.startsWith(LIB) && !name.includes('node_modules') && !name.endsWith('.node')) delete require.cache[name];
  }
  try {
    return { ...require('../..'), wsEngine: require('../../engine.io.js').Server };
  } finally {
    Module.wrapper[0] = wrapper;
  }
}

for (const when of ['before', 'after']) {
  describe(`loaded ${when} time is faked`, () => {
    let copy;
    let uninstall;
    let pair;

    before(() => {
      globalThis.sandboxed = Object.create(process, { nextTick: { value: process.nextTick, writable: true } });
      if (TRANSPORT === 'tls') pair = selfSigned();
      if (when === 'before') copy = load();
      uninstall = install();
      if (when === 'after') copy = load();
    });
    after(() => {
      uninstall();
      delete globalThis.sandboxed;
      assert.deepEqual(called.splice(0), []);
    });

    /** An HTTP server of this transport, and where it is. */
    async function listening(t) {
      const server = pair ? https.createServer(pair) : http.createServer();
      await once(server.listen(0, '127.0.0.1'), 'listening');
      t.after(() => {
        server.close();
        server.closeAllConnections();
      });
      return { server, at: `${pair ? 's' : ''}://127.0.0.1:${server.address().port}` };
    }

    test('Base', limit, async () => {
      const server = await new TestServer({ Class: copy.Base }).listen();
      const { base, events } = server;
      base.on('message', (text, sid) => base.send(sid, text));
      const client = await server.raw();
      for (const text of ['one', 'two']) {
        await client.text(text);
        assert.equal(await client.said(), text);
      }
      base.pause(client.sid);
      await client.text('held');
      base.resume(client.sid);
      assert.equal(await client.said(), 'held');
      base.close(client.sid);
      await client.close(1000);
      await events.next('close');
      await server.stop();
    });

    test('an idle timeout', limit, async () => {
      const server = await new TestServer({ Class: copy.Base, base: { timeout: 1, closeTimeout: 1 } }).listen();
      await server.raw();
      const [reason, , code] = await server.events.next('close');
      assert.deepEqual([reason, code], ['timeout', 1001]);
      await server.stop();
    });

    test('Server and Client, which opens again', limit, async (t) => {
      const { server: httpServer, at } = await listening(t);
      // An extension has plain sockets go by the stream transport.
      const same = (next, frame) => next(null, frame);
      const extensions = TRANSPORT === 'stream' ? { same: { read: same, write: same } } : {};
      const server = new copy.Server().listen(httpServer);
      server.on('message', (text, sid) => server.send(sid, text));
      const client = new copy.Client({
        url: async () => `ws${at}/`,
        ca: pair?.cert,
        servername: pair && 'localhost',
        reconnect: { minDelay: 1, maxDelay: 1 },
      });
      t.after(() => client.terminate(null));
      server.extensions = client.extensions = extensions;
      const events = new Inbox(client, ['open', 'message', 'close', 'reconnecting']);
      client.open();
      for (const text of ['first', 'again']) {
        const [sid] = await events.next('open');
        assert.equal(client.sockets[sid].transport, CLIENT_BY);
        client.send(text);
        assert.equal((await events.next('message'))[0], text);
        if (text === 'again') break;
        server.close(Object.keys(server.sockets), 1012, '');
        await events.next('reconnecting');
      }
      server.close();
      client.close();
      await events.next('close');
      await new Promise((resolve) => server.close(resolve));
    });

    test('a refused handshake', limit, async (t) => {
      const { server: httpServer, at } = await listening(t);
      const server = new copy.Server({ shouldAccept: async () => false }).listen(httpServer);
      t.after(() => server.close());
      const trust = { ca: pair?.cert, servername: pair && 'localhost' };
      await assert.rejects(new copy.Client(trust).openAsync(`ws${at}/`), { statusCode: 403 });
      const late = { ...trust, handshakeTimeout: 1 };
      server.shouldAccept = () => new Promise(() => {});
      await assert.rejects(new copy.Client(late).openAsync(`ws${at}/`), { code: 'ERR_WS_HANDSHAKE_TIMEOUT' });
    });

    test('socket.io', limit, async (t) => {
      const { server: httpServer, at } = await listening(t);
      const server = new IoServer(httpServer, { wsEngine: copy.wsEngine });
      t.after(() => server.close());
      server.on('connection', (socket) => socket.on('echo', (text, answer) => answer(text)));
      const client = io(`http${at}`, { transports: ['websocket'], rejectUnauthorized: false, forceNew: true });
      t.after(() => client.disconnect());
      assert.equal(await client.emitWithAck('echo', 'hello'), 'hello');
    });
  });
}
