'use strict';

const { EventEmitter, once } = require('node:events');
const http2 = require('node:http2');
const { Server } = require('../..');
const { selfSigned } = require('./certificate');
const { CLOSE, TEXT, FrameReader, closePayload, encode } = require('./frames');
const { Inbox } = require('./inbox');

/** What a server has to have set for WebSockets. */
const SETTINGS = { enableConnectProtocol: true };

/** The pseudo-headers and headers of a proper opening handshake over HTTP/2. */
const PROPER = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'http',
  ':authority': 'localhost',
  ':path': '/',
  'sec-websocket-version': '13',
};

let pair;

/** Node 20 hangs for ever if a session is destroyed by who hears that one of its streams is closed. */
const turn = () => new Promise(setImmediate);

/** The certificate of all servers that speak TLS. */
function certificate() {
  pair ??= selfSigned();
  return pair;
}

/**
 * A server of HTTP/2 that listens, and is gone when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of `http2.createServer`; with `secure` it speaks TLS
 * @param {Function} [app] its `'request'` listener
 */
async function http2Server(t, { secure = false, ...options } = {}, app = undefined) {
  const all = { settings: SETTINGS, ...options };
  const httpServer = secure
    ? http2.createSecureServer({ ...certificate(), ...all }, app)
    : http2.createServer(all, app);
  const sessions = [];
  httpServer.on('session', (session) => sessions.push(session.on('error', () => {})));
  t.after(async () => {
    httpServer.close();
    await turn();
    for (const session of sessions) session.destroy();
  });
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  return { httpServer, sessions, port: httpServer.address().port };
}

/**
 * A Server on a server of HTTP/2, both gone when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of the `Server`
 * @param {object} [how] as `http2Server` takes it
 * @param {Function} [app]
 */
async function serveHttp2(t, options, how, app) {
  const { httpServer, sessions, port } = await http2Server(t, how, app);
  const server = new Server(options).listen(httpServer);
  const events = new Inbox(server, ['open', 'message', 'binary', 'drain', 'close', 'error']);
  t.after(() => server.terminate(null).close());
  return { server, events, httpServer, sessions, port, url: `ws${how?.secure ? 's' : ''}://127.0.0.1:${port}/` };
}

/** A client's session, once it knows what the server has set; gone when the test ends. */
async function sessionTo(t, port, options = {}) {
  const authority = `${options.ca ? 'https' : 'http'}://127.0.0.1:${port}`;
  const session = http2.connect(authority, { servername: 'localhost', ...options });
  session.on('error', () => {});
  t.after(async () => {
    await turn();
    session.destroy();
  });
  await once(session, 'remoteSettings');
  return session;
}

/**
 * A WebSocket by hand on a client's session, which does nothing by itself.
 * Events: `response`, `frame`, `end`, `close`, `error`.
 */
class RawStream extends EventEmitter {
  /**
   * @param {http2.ClientHttp2Session} session
   * @param {object} [headers] in place of the proper ones; `undefined` leaves one out
   * @param {object} [options] of `session.request`
   */
  constructor(session, headers = {}, options = {}) {
    super();
    const all = Object.entries({ ...PROPER, ...headers }).filter(([, value]) => value !== undefined);
    this.inbox = new Inbox(this, ['response', 'frame', 'end', 'close', 'error']);
    this.stream = session.request(Object.fromEntries(all), options);
    this.stream.on('response', (got) => this.emit('response', got));
    this.stream.on('end', () => this.emit('end'));
    this.stream.on('close', () => this.emit('close', this.stream.rstCode));
    this.stream.on('error', (error) => this.emit('error', error));
    this.reader = new FrameReader();
  }

  /** Reads frames. */
  read() {
    this.stream.on('data', (chunk) => {
      for (const frame of this.reader.push(chunk)) this.emit('frame', frame);
    });
    return this;
  }

  /** @returns {Promise<object>} the headers of the response, which opens it */
  async opened() {
    const [headers] = await this.inbox.next('response');
    if (headers[':status'] !== 200) throw new Error(`refused with ${headers[':status']}`);
    return headers;
  }

  /** @returns {Promise<{ status: number, headers: object, body: string, code: number }>} of a refusal */
  async refused() {
    const [headers] = await this.inbox.next('response');
    let body = '';
    this.stream.setEncoding('utf8').on('data', (text) => (body += text));
    const [code] = await this.inbox.next('close');
    return { status: headers[':status'], headers, body, code };
  }

  /** @param {object} frame as `encode` takes it */
  send(frame) {
    this.stream.write(encode(frame));
  }

  /** @param {string} payload */
  text(payload) {
    this.send({ opcode: TEXT, payload });
  }

  /** @returns {Promise<string>} the payload of the next frame */
  async said() {
    return (await this.inbox.next('frame'))[0].payload.toString();
  }

  /** @returns {Promise<number>} the code of the next frame, a close frame */
  async closeCode() {
    const [{ opcode, payload }] = await this.inbox.next('frame');
    if (opcode !== CLOSE) throw new Error(`a close frame was due, not opcode ${opcode}`);
    return payload.readUInt16BE(0);
  }

  /** @param {number} code */
  close(code) {
    this.send({ opcode: CLOSE, payload: closePayload(code) });
  }

  /** @param {number} code of RST_STREAM */
  reset(code = http2.constants.NGHTTP2_CANCEL) {
    this.stream.close(code);
  }
}

/** An open one, which reads. */
async function rawStream(session, headers) {
  const raw = new RawStream(session, headers);
  await raw.opened();
  return raw.read();
}

module.exports = { PROPER, RawStream, SETTINGS, certificate, http2Server, rawStream, serveHttp2, sessionTo };
