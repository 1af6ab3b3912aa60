'use strict';

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { EventEmitter, once } = require('node:events');
const { Base, Server, createSecureServer, createServer } = require('../..');
const { selfSigned } = require('./certificate');
const { dial } = require('./dial');
const { Client } = require('./ws-client');
const { Inbox } = require('./inbox');
const { RawClient } = require('./raw-client');
const { switchingProtocols } = require('./upgrade');

/** What the suite runs over: a run with another name here goes over that one. Windows has no socket transport. */
const TRANSPORT = process.env.WEBSOCKETS_TEST_TRANSPORT ?? (process.platform === 'win32' ? 'stream' : 'socket');
/** Those by which Rust accepts, and a `Server` opens the WebSockets. */
const FRONTS = ['front', 'secure-front'];
/** Those whose connections go by the socket transport. */
const CARRIED = [...FRONTS, 'secure', 'socket'];
/** The certificate of all servers that speak TLS. */
let certificate;

const EVENTS = ['open', 'message', 'binary', 'ping', 'pong', 'close', 'drain'];

/** A hang is a failure; no test is near this on a slow machine, though others run beside it. */
const limit = { timeout: 60_000 };

/** @returns {string} a path for a Unix-domain socket, on Windows for a named pipe, that nobody uses, nor has left behind */
function unixPath() {
  const name = `websockets-${randomUUID()}.sock`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : path.join(os.tmpdir(), name);
}

/** An HTTP server whose upgrades go to one `Base`, and the clients that a test opens to it. */
class TestServer {
  /**
   * @param {object} [options]
   * @param {object} [options.base] options of the `Base`
   * @param {Function} [options.Class] a subclass of `Base`
   * @param {object} [options.assign] options of every `assignSocket`
   * @param {string} [options.agreed] answered as `Sec-WebSocket-Extensions`, and assigned with; a test
   *   may write another into the property of this name, for the connections from then on
   * @param {boolean} [options.unix] listen on a Unix-domain socket
   * @param {http.ServerOptions} [options.http] of the HTTP server
   * @param {boolean} [options.hearErrors] `false`: no `error` listener on the `Base`
   * @param {string} [options.transport] `'socket'`, `'stream'`, `'tls'`: streams under wss://, `'secure'`: wss:// by
   *   `createSecureServer`, or `'front'`: ws:// by `createServer`; `'secure-front'` is wss:// as that is ws://
   * @param {(request: http.IncomingMessage, socket: import('node:net').Socket, head: Buffer,
   *   server: TestServer) => void} [options.upgrade] instead of answering and assigning at once
   */
  constructor({
    base,
    Class = Base,
    assign,
    agreed,
    unix,
    hearErrors = true,
    http: httpOptions = {},
    transport = TRANSPORT,
    upgrade,
  } = {}) {
    /** Whether Rust opens the WebSockets as well: a `Server` decides, and there is no socket to assign. */
    this.opens =
      FRONTS.includes(transport) && Class === Base && !upgrade && !unix && assign === undefined && agreed === undefined;
    this.base = this.opens ? new Server({ perMessageDeflate: false, ...base }) : new Class(base);
    this.events = new Inbox(this.base, hearErrors ? [...EVENTS, 'error'] : EVENTS);
    this.assignOptions = { ...(transport === 'stream' ? { transport } : {}), ...assign };
    this.agreed = agreed;
    this.transport = transport;
    /** What `connection.transport` is. */
    this.carrier = CARRIED.includes(transport) ? 'socket' : 'stream';
    this.clients = [];
    this.assigned = new EventEmitter().setMaxListeners(0);
    /** sid → the socket that was handed over */
    this.accepted = new Map();
    for (const name of ['accept', 'assign', 'connect', 'connectMany', 'raw', 'request']) {
      this[name] = this[name].bind(this); // tests take them apart
    }
    const isSecured = ['tls', 'secure', 'secure-front'].includes(transport);
    if (isSecured) certificate ??= selfSigned();
    this.pair = isSecured ? certificate : undefined;
    const create = transport === 'tls' ? https.createServer : createSecureServer;
    const createPlain = transport === 'front' ? createServer : http.createServer;
    this.http = this.pair ? create({ ...this.pair, ...httpOptions }) : createPlain(httpOptions);
    if (this.opens) this.open();
    else {
      this.http.on('upgrade', (request, socket, head) => {
        if (upgrade) upgrade(request, socket, head, this);
        else this.accept(request, socket, head);
      });
    }
    this.listenOn = unix ? { path: unixPath() } : { port: 0, host: '127.0.0.1' };
  }

  async listen() {
    this.http.listen(this.listenOn);
    await once(this.http, 'listening');
    this.at = this.listenOn.path ? this.listenOn : { host: '127.0.0.1', port: this.http.address().port };
    const where = this.at.path ? 'localhost' : `127.0.0.1:${this.at.port}`; // a socket has no place in a URL
    this.url = `ws${this.pair ? 's' : ''}://${where}/`;
    if (this.pair) Object.assign(this.at, { ca: this.pair.cert, servername: 'localhost' });
    return this;
  }

  /** Has a `Server` open the WebSockets. A socket is made if a test looks at it. */
  open() {
    const { base } = this;
    base.listen(this.http);
    base.on('open', (sid, { url }) => {
      const connection = base.sockets[sid];
      Object.defineProperty(this.accepted, sid, { get: () => connection.socket });
      this.assigned.emit(url, sid);
    });
    this.accepted.get = (sid) => this.accepted[sid];
  }

  /** Answers the upgrade request and hands the socket over. */
  accept(request, socket, head) {
    const { agreed } = this;
    socket.write(switchingProtocols(request, agreed === undefined ? [] : [`Sec-WebSocket-Extensions: ${agreed}`]));
    return this.assign(request, socket, { head, ...(agreed === undefined ? {} : { extensions: agreed }) });
  }

  /** Hands the socket over; `connect` and `raw` learn the sid by this. */
  assign(request, socket, options) {
    const sid = this.base.assignSocket(socket, { ...this.assignOptions, ...options });
    this.accepted.set(sid, socket);
    this.assigned.emit(request.url, sid);
    return sid;
  }

  /**
   * @param {object} [options] of the `ws` client
   * @returns {Promise<Client>} open, with its `sid`
   */
  async connect(options) {
    const name = `/?n=${this.clients.length}`;
    const assigned = once(this.assigned, name);
    const createConnection = () => dial(this.at);
    const client = new Client(this.url.slice(0, -1) + name, { createConnection, ...options });
    this.clients.push(client);
    await client.opened;
    [client.sid] = await assigned;
    return client;
  }

  /**
   * @param {number} count
   * @param {object} [options]
   * @returns {Promise<Client[]>} in the order in which they were assigned
   */
  async connectMany(count, options) {
    const clients = [];
    while (clients.length < count) clients.push(await this.connect(options));
    return clients;
  }

  /**
   * @param {object} [options] of `RawClient`
   * @returns {Promise<RawClient>} upgraded, with its `sid`
   */
  async raw(options = {}) {
    const name = `/?n=${this.clients.length}`;
    const assigned = once(this.assigned, name);
    const client = this.request(name, options);
    [client.sid] = await assigned;
    if (!options.paused) await client.inbox.next('head');
    return client;
  }

  /**
   * @param {string} name the path to ask for
   * @param {object} [options] of `RawClient`
   * @returns {RawClient} that has not been answered yet
   */
  request(name, options) {
    const client = new RawClient(this.at, { ...options, path: name });
    this.clients.push(client);
    return client;
  }

  /** Closes everything and waits until it is closed, then looks at what every sid must have had. */
  async stop() {
    this.abandon();
    await this.events.until(() => this.events.list('close').length >= this.events.list('open').length);
    if (this.http.listening) await new Promise((resolve) => this.http.close(resolve));
    this.checkLives();
  }

  /** Lets go of everything, without waiting. */
  abandon() {
    for (const client of this.clients) client.destroy();
    this.base.terminate(Object.keys(this.base.sockets));
  }

  /** `open` first, `close` last, each of them once, whatever happened in between. */
  checkLives() {
    const lives = new Map();
    for (const { name, args } of this.events.all) {
      const sid = name === 'open' || name === 'drain' ? args[0] : name === 'error' ? args[0].sid : args[1];
      const life = lives.get(sid) ?? { first: name, open: 0, close: 0 };
      if (name === 'open' || name === 'close') life[name]++;
      life.last = name;
      lives.set(sid, life);
    }
    for (const [sid, life] of lives) {
      assert.deepEqual(life, { first: 'open', open: 1, close: 1, last: 'close' }, `the life of ${sid}`);
    }
    assert.equal(this.base.connections, 0);
  }
}

/**
 * The body of a test, with a server that is there before and gone after.
 *
 * @param {ConstructorParameters<typeof TestServer>[0]} options
 * @param {(server: TestServer, t: import('node:test').TestContext) => Promise<void>} body
 * @returns {(t: import('node:test').TestContext) => Promise<void>}
 */
function served(options, body) {
  return async (t) => {
    const server = await new TestServer(options).listen();
    const abandon = () => {
      server.abandon();
      server.http.close();
    };
    // A test that ran into its time limit is still pending: without this its file would hang.
    t.signal.addEventListener('abort', abandon);
    try {
      await body(server, t);
      await server.stop();
    } catch (error) {
      abandon();
      throw error;
    } finally {
      t.signal.removeEventListener('abort', abandon);
    }
  };
}

/**
 * The body of a test that has a raw client, its connection, and the socket that was handed over.
 *
 * @param {(it: object) => Promise<void>} body
 * @param {ConstructorParameters<typeof TestServer>[0]} [options]
 */
function taken(body, options = {}) {
  return served(options, async (server) => {
    const client = await server.raw();
    await body({ ...server, server, client, sid: client.sid, socket: server.accepted.get(client.sid) });
  });
}

/** A message goes there and back: the connection lives. */
async function exchange({ base, events, client, sid }) {
  await client.text('there');
  assert.deepEqual(await events.next('message'), ['there', sid]);
  base.send(sid, 'back');
  assert.equal(await client.said(), 'back');
}

/** The transport of connections over plain sockets that are not a `TestServer`'s. */
const DRIVEN_BY = CARRIED.includes(TRANSPORT) ? 'socket' : 'stream';

module.exports = { DRIVEN_BY, TRANSPORT, TestServer, exchange, limit, served, taken, unixPath };
