'use strict';

const { constants } = require('node:buffer');
const { EventEmitter } = require('node:events');

const { Base, announce, sendAs, take } = require('../base/base.js');
const { emitError } = require('../connection/deliver.js');
const { EngineSocket, payloadOf } = require('./socket.js');
const { Fifo } = require('../util/fifo.js');
const { answer, checkHandleOptions } = require('../handshake/server/handle-upgrade.js');
const { checkHeaders } = require('../options/headers.js');
const { Refusal, refuse } = require('../handshake/server/refuse.js');

/** What `ws` takes where it is told nothing. */
const MAX_PAYLOAD = 100 * 1024 * 1024;

/** What passes on the broadcasts that are being collected. @type {Set<() => void>} */
const collecting = new Set();

let hearsExit = false;

/**
 * Has a broadcast passed on should the process end before its tick does: ahead of the listeners that write
 * what is queued then.
 *
 * @param {() => void} passOn
 */
function passOnAtExit(passOn) {
  collecting.add(passOn);
  if (!hearsExit) {
    hearsExit = true;
    process.prependListener('exit', () => collecting.forEach((one) => one()));
  }
}

/**
 * What engine.io, and so socket.io, takes as its `wsEngine` in the place of `ws`: all connections are those
 * of one `Base`.
 */
class Server extends EventEmitter {
  #base;
  /** @type {Map<string, EngineSocket>} by sid */
  #sockets = new Map();
  #deflate;
  #isClosed = false;
  /** A frame that engine.io gives to one socket after the other, and to whom. */
  #broadcast = null;
  /** What is to be called once this tick's frames are on their way. @type {Fifo<[EngineSocket, Function]>} */
  #sent = new Fifo();
  #isScheduled = false;
  /** What its sockets call. */
  #commands = {
    send: (socket, data, compress, callback) => {
      this.#passOn();
      this.#base.send(socket.sid, data, { compress });
      this.#after(socket, callback);
    },
    sendFrame: (socket, frame, callback) => {
      this.#collect(socket, frame);
      this.#after(socket, callback);
    },
    close: (socket, code, reason) => {
      this.#passOn();
      this.#base.close(socket.sid, code, reason);
    },
  };

  /**
   * @param {object} [options] as engine.io has them for `ws`
   * @param {number} [options.maxPayload] bytes of one message; 0 and `Infinity` are no limit
   * @param {boolean | object} [options.perMessageDeflate]
   * @throws {TypeError | RangeError} naming the option that is wrong
   */
  constructor({ maxPayload = MAX_PAYLOAD, perMessageDeflate = false } = {}) {
    super();
    this.#deflate = deflateOf(perMessageDeflate);
    this.#base = new Base({
      maxPayload: Math.min(maxPayload || Infinity, constants.MAX_STRING_LENGTH),
      perMessageDeflate: this.#deflate,
      // engine.io has its own pings, and holds back what a peer does not read.
      timeout: 0,
      maxBufferedAmount: Infinity,
      maxConnections: Infinity,
    });
    const of = (sid) => this.#sockets.get(sid);
    this.#base
      .on('message', (text, sid) => of(sid)?.emit('message', text, false))
      .on('binary', (data, sid) => of(sid)?.emit('message', data, true))
      .on('drain', (sid) => of(sid)?.drained())
      .on('error', (error) => of(error.sid)?.failed(error))
      .on('close', (reason, sid, code) => {
        const socket = of(sid);
        this.#sockets.delete(sid);
        socket?.closed(code, reason);
      });
  }

  /**
   * Answers an upgrade request. `headers` is emitted before, with an array to which lines may be added.
   *
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   * @param {(socket: EngineSocket, req: import('node:http').IncomingMessage) => void} callback not called
   *   where the request is refused
   */
  handleUpgrade(req, socket, head, callback) {
    if (this.#isClosed) {
      refuse(req, socket, new Refusal(503, 'The server is closed'));
      return;
    }
    const settings = checkHandleOptions({
      head,
      perMessageDeflate: this.#deflate,
      handshakeTimeout: 0,
      // Asked last: the request is going to be upgraded.
      shouldAccept: () => {
        settings.headers.push(...this.#headersFor(req));
        return true;
      },
    });
    answer(req, socket, settings, (error, taken, options) => {
      if (error === null) {
        const opened = this.#open(taken, options);
        if (opened !== null) callback(opened, req);
      } else if (error.cause !== undefined) {
        // A listener of `headers`.
        throw error.cause;
      }
    });
  }

  #headersFor(req) {
    const lines = [];
    this.emit('headers', lines, req);
    return lines.flatMap((line) => {
      const at = line.indexOf(':');
      return checkHeaders('The "headers" event', { [line.slice(0, at)]: line.slice(at + 1).trim() });
    });
  }

  /** @returns {EngineSocket | null} `null` where the system has no descriptor left, for example */
  #open(taken, options) {
    let connection;
    try {
      connection = take(this.#base, taken, options);
    } catch (error) {
      taken.destroy();
      emitError(this.#base, error);
      return null;
    }
    const socket = new EngineSocket(connection, this.#commands);
    this.#sockets.set(connection.sid, socket);
    announce(this.#base, connection);
    return socket;
  }

  /** A broadcast is one frame to many, one after the other: they are collected, and told of at once. */
  #collect(socket, frame) {
    if (this.#broadcast?.frame !== frame) {
      this.#passOn();
      this.#broadcast = { frame, sids: [] };
      passOnAtExit(this.#passOn);
    }
    this.#broadcast.sids.push(socket.sid);
  }

  /** Sends what was collected, before anything else is. */
  #passOn = () => {
    if (this.#broadcast !== null) {
      const { frame, sids } = this.#broadcast;
      this.#broadcast = null;
      collecting.delete(this.#passOn);
      const { opcode, payload } = payloadOf(frame);
      sendAs(this.#base, sids, opcode, payload);
    }
  };

  /** Calls back once a frame has left, as far as that is known, and no sooner than the tick is over. */
  #after(socket, callback) {
    this.#sent.push([socket, callback]);
    this.#schedule();
  }

  #schedule() {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(this.#finish);
    }
  }

  #finish = () => {
    let left = this.#sent.length;
    try {
      this.#passOn();
      while (left-- > 0) {
        const [socket, callback] = this.#sent.shift();
        socket.settle(callback);
      }
    } finally {
      // A stream, or one of them, may have thrown; and those that were sent meanwhile are the next tick's.
      this.#isScheduled = false;
      if (this.#sent.length > 0) this.#schedule();
    }
  };

  /** Takes no more requests. Its connections go on: engine.io closes them itself. */
  close() {
    this.#isClosed = true;
  }
}

/**
 * The option of `ws`, as far as it has a meaning here.
 *
 * @param {any} given
 * @returns {object | false} as `Base` takes it
 */
function deflateOf(given) {
  if (!given) {
    return false;
  }
  const { threshold, serverNoContextTakeover, clientNoContextTakeover, zlibDeflateOptions } = given;
  const { level } = zlibDeflateOptions ?? {};
  const bits = (value) => (typeof value === 'number' ? value : undefined);
  return {
    threshold,
    level: level === -1 ? undefined : level,
    serverNoContextTakeover,
    clientNoContextTakeover,
    serverMaxWindowBits: bits(given.serverMaxWindowBits),
    clientMaxWindowBits: bits(given.clientMaxWindowBits),
  };
}

module.exports = { Server };
