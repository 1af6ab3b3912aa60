'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const https = require('node:https');
const net = require('node:net');
const { Duplex } = require('node:stream');
const tls = require('node:tls');

const { createSecureServer } = require('../..');
const { attached, hasDoors } = require('./attached');
const { selfSigned } = require('./certificate');

/** The certificate of all servers that have none of their own. */
const PAIR = selfSigned();

/** By Node.js, and by a door. */
const CREATES = [https.createServer, createSecureServer];

/** @param {Function} create @returns {string} what a test's title begins with */
const nameOf = (create) => (create === createSecureServer ? 'createSecureServer' : 'https.createServer');

/**
 * A `Server` on a server of HTTPS that listens, as `attached`. One of ours has a door, unless the test says otherwise.
 *
 * @param {import('node:test').TestContext} t
 * @param {Parameters<typeof attached>[1] & { handle?: string }} [how] `handle`: the class of what accepts
 */
async function attachedSecurely(t, { create = createSecureServer, http, handle, ...how } = {}) {
  const found = await attached(t, { create, http: { ...PAIR, ...http }, ...how });
  const expected = handle ?? (create === createSecureServer && hasDoors ? 'Door' : 'TCP');
  assert.equal(found.httpServer._handle.constructor.name, expected);
  return { ...found, url: `wss://127.0.0.1:${found.port}/` };
}

/**
 * What a server emits of those who come, though it has no listener of that.
 *
 * @param {import('node:http').Server} httpServer
 * @returns {string[]} grows; an error has its code
 */
function emitted(httpServer) {
  const events = [];
  const { emit } = httpServer;
  httpServer.emit = function around(name, ...rest) {
    if (name === 'tlsClientError' || name === 'clientError') events.push(`${name} ${rest[0].code}`);
    else if (typeof name === 'string' && !['listening', 'newListener', 'close'].includes(name)) events.push(name);
    return emit.call(this, name, ...rest);
  };
  return events;
}

/** Connects by TCP, and says nothing. @param {import('node:test').TestContext} t @param {number} port */
async function silent(t, port) {
  const client = net.connect({ port, host: '127.0.0.1', noDelay: true });
  client.on('error', () => {});
  t.after(() => client.destroy());
  await once(client, 'connect');
  return client;
}

/** It is over, in order or not. @param {net.Socket} client */
const closed = (client) =>
  client.closed ? Promise.resolve() : new Promise((resolve) => client.resume().on('close', resolve));

/** Between the TLS of a client and its TCP: what the one writes may be kept for a while, or cut. */
class Wire extends Duplex {
  /** Bytes that wait. @type {Buffer[] | null} */
  #held = null;
  /** Its end waits behind them. */
  #ends = false;
  /** Bytes leave one by one. */
  isCut = false;

  /** @param {number} port */
  constructor(port) {
    super({ allowHalfOpen: true });
    this.tcp = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.tcp.on('data', (chunk) => this.push(chunk));
    this.tcp.on('end', () => this.push(null));
    this.tcp.on('error', () => {});
    this.tcp.on('close', () => this.destroy());
  }

  _read() {}

  /** @param {Buffer} chunk @param {string} _encoding @param {() => void} callback */
  _write(chunk, _encoding, callback) {
    if (this.#held !== null) {
      this.#held.push(chunk);
      callback();
    } else if (this.isCut) {
      this.#writeCut(chunk).then(callback);
    } else {
      this.tcp.write(chunk, () => callback());
    }
  }

  /** Each byte is a segment. @param {Buffer} chunk */
  async #writeCut(chunk) {
    for (const byte of chunk) {
      await new Promise((resolve) => this.tcp.write(Buffer.of(byte), resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** @param {() => void} callback */
  _final(callback) {
    if (this.#held === null) this.tcp.end();
    else this.#ends = true;
    callback();
  }

  /** @param {Error | null} error @param {(error: Error | null) => void} callback */
  _destroy(error, callback) {
    // TLS destroys it as soon as it has nothing more to say, though that may wait.
    if (this.#held === null && !this.#ends) this.tcp.destroy();
    else this.#ends = true;
    callback(error);
  }

  /** From now on, what is written waits. */
  hold() {
    this.#held = [];
  }

  /** How many bytes wait. */
  get held() {
    return Buffer.concat(this.#held ?? []).length;
  }

  /**
   * What waits leaves at once, in one segment, and what is written after that with no delay.
   *
   * @param {number} [count] of bytes, if the others are to wait
   */
  release(count) {
    const bytes = Buffer.concat(this.#held ?? []);
    this.#held = count === undefined ? null : [bytes.subarray(count)];
    const leaving = bytes.subarray(0, count);
    if (leaving.length > 0) this.tcp.write(leaving);
    if (this.#held === null && this.#ends) this.tcp.end();
  }
}

/**
 * A client of TLS that keeps what comes.
 *
 * @param {import('node:test').TestContext} t
 * @param {number} port
 * @param {tls.ConnectionOptions} [options]
 */
function dialed(t, port, options) {
  const tcp = net.connect({ port, host: '127.0.0.1', noDelay: true });
  tcp.on('error', () => {});
  return Object.assign(over(t, tcp, options), { tcp });
}

/**
 * A client of TLS whose records a test may hold up.
 *
 * @param {import('node:test').TestContext} t
 * @param {number} port
 * @param {tls.ConnectionOptions} [options]
 */
function wired(t, port, options) {
  const wire = new Wire(port);
  return Object.assign(over(t, wire, options), { wire });
}

/** TLS over a socket. @param {import('node:test').TestContext} t @param {Duplex} socket @param {tls.ConnectionOptions} [options] */
function over(t, socket, options) {
  const client = tls.connect({ socket, rejectUnauthorized: false, ...options });
  client.text = '';
  client.on('data', (chunk) => (client.text += chunk.toString('latin1')));
  client.on('error', () => {});
  t.after(() => {
    client.destroy();
    socket.destroy();
    socket.tcp?.destroy();
  });
  return client;
}

/**
 * The handshake of a client is done, and its server knows.
 *
 * @param {tls.TLSSocket} client
 */
async function secured(client) {
  await once(client, 'session');
  // In that event Node.js is still reading: what is written there may be encrypted wrongly.
  await turns(2);
}

/** What a client has got fits. @param {tls.TLSSocket & { text: string }} client @param {RegExp} pattern */
async function comes(client, pattern) {
  while (!pattern.test(client.text)) await once(client, 'data');
  return client.text;
}

/** Each turn of the event loop, as many. @param {number} [count] */
async function turns(count = 4) {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Writes, and waits until what was written has left. @param {import('node:stream').Writable} client @param {string | Buffer} bytes */
const says = (client, bytes) => new Promise((resolve) => client.write(bytes, resolve));

module.exports = {
  CREATES,
  PAIR,
  attachedSecurely,
  closed,
  comes,
  dialed,
  emitted,
  nameOf,
  says,
  secured,
  silent,
  turns,
  wired,
};
