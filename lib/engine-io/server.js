'use strict';

const { constants } = require('node:buffer');
const { EventEmitter } = require('node:events');

const { announce, take } = require('../base/assign.js');
const { sendFrame } = require('../base/send.js');
const { failed } = require('../connection/diagnostics.js');
const { close } = require('../connection/lifecycle.js');
const { Group } = require('../connection/group.js');
const { requestDropped } = require('../handshake/diagnostics.js');
const { hearRefusal } = require('../transport/net-socket/late-refusal.js');
const { nextTick } = require('../util/clock.js');
const { Fifo } = require('../util/fifo.js');
const { answer, checkHandleOptions } = require('../handshake/server/handle-upgrade.js');
const { deflateOptions } = require('../options/deflate-of-ws.js');
const { checkHeaders } = require('../options/headers.js');
const { refuse, refuseUntaken } = require('../handshake/server/opening.js');
const { Refusal } = require('../handshake/server/refusal.js');
const { checkData, opcodeOf } = require('../options/data.js');
const { EngineSocket, payloadOf } = require('./socket.js');

/** @typedef {import('../connection/connection.js').Connection} Connection */
/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:stream').Duplex} Duplex */
/** @typedef {import('./socket.js').Callback} Callback */

const PROTOCOL_ERROR = 1002;

/** What `ws` takes by default. */
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
 * What engine.io, and so socket.io, takes as its `wsEngine` instead of `ws`. Its sockets are one group.
 */
class Server extends EventEmitter {
  /** @type {Group<Connection>} */
  #group;
  #deflate;
  #isClosed = false;
  /** A frame that engine.io gives to one socket after the other, and to which ones.
   *  @type {{ frame: Buffer[], sids: string[] } | null} */
  #broadcast = null;
  /** What is to be called once this tick's frames are on their way. @type {Fifo<[EngineSocket, Callback]>} */
  #sent = new Fifo();
  #isScheduled = false;
  /** What its sockets call. @type {import('./socket.js').Commands} */
  #commands = {
    send: (socket, data, compress, callback) => {
      this.#passOn();
      const checked = checkData(data);
      this.#send(socket.sid, opcodeOf(checked), checked, compress);
      this.#after(socket, callback);
    },
    sendFrame: (socket, frame, callback) => {
      this.#collect(socket, frame);
      this.#after(socket, callback);
    },
    beforeClose: () => this.#passOn(),
  };

  /**
   * @param {import('../../engine.io').EngineOptions} [options] as engine.io has them for `ws`
   * @throws {TypeError | RangeError} naming the option that is wrong
   */
  constructor({ maxPayload = MAX_PAYLOAD, perMessageDeflate = false } = {}) {
    super();
    this.#deflate = deflateOptions(perMessageDeflate);
    this.#group = new Group(this, {
      maxPayload: Math.min(maxPayload || Infinity, constants.MAX_STRING_LENGTH),
      perMessageDeflate: this.#deflate,
      // engine.io has its own pings, and holds back what a peer does not read.
      timeout: 0,
      maxBufferedAmount: Infinity,
      maxConnections: Infinity,
    });
  }

  /**
   * Answers an upgrade request. `headers` is emitted before, with an array to which lines may be added.
   *
   * @param {IncomingMessage} req
   * @param {Duplex} socket
   * @param {Buffer} head
   * @param {(socket: EngineSocket, req: IncomingMessage) => void} callback not called
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
    answer(req, socket, settings, (error, taken, options, accept) => {
      if (error === null) {
        const opened = this.#open(req, /** @type {Duplex} */ (taken), options, accept);
        if (opened !== null) callback(opened, req);
      } else if ('cause' in error) {
        // A listener of `headers`.
        throw error.cause;
      }
    });
  }

  /** What listeners of `headers` add. @param {IncomingMessage} req @returns {[string, string][]} */
  #headersFor(req) {
    /** @type {string[]} */
    const lines = [];
    this.emit('headers', lines, req);
    return lines.flatMap((line) => {
      const at = line.indexOf(':');
      return checkHeaders('The "headers" event', { [line.slice(0, at)]: line.slice(at + 1).trim() });
    });
  }

  /**
   * @param {import('node:http').IncomingMessage} req
   * @param {Duplex} taken
   * @param {unknown} options as `assignSocket` gets them
   * @param {() => void} [accept] ends the opening handshake
   * @returns {EngineSocket | null} `null` if the system has no descriptor left, for example
   */
  #open(req, taken, options, accept) {
    const socket = new EngineSocket(this.#commands);
    let connection;
    try {
      connection = take(this.#group, taken, options, socket, accept);
    } catch (error) {
      refuseUntaken(req, taken, /** @type {Error} */ (error));
      failed(this, /** @type {Error} */ (error));
      return null;
    }
    requestDropped(req);
    announce(connection);
    hearRefusal(taken, {
      refuse: (opcode, text) => {
        this.#send(socket.sid, opcode, text, false);
        close(connection, PROTOCOL_ERROR, '');
      },
    });
    return socket;
  }

  /**
   * A broadcast is one frame to many, one after the other. They are collected, and sent at once.
   *
   * @param {EngineSocket} socket
   * @param {Buffer[]} frame
   */
  #collect(socket, frame) {
    if (this.#broadcast?.frame === frame) {
      this.#broadcast.sids.push(socket.sid);
    } else {
      this.#passOn();
      this.#broadcast = { frame, sids: [socket.sid] };
      passOnAtExit(this.#passOn);
    }
  }

  /** Sends what was collected, before anything else is. */
  #passOn = () => {
    if (this.#broadcast !== null) {
      const { frame, sids } = this.#broadcast;
      this.#broadcast = null;
      collecting.delete(this.#passOn);
      const { opcode, payload } = payloadOf(frame);
      this.#send(sids, opcode, payload, true);
    }
  };

  /**
   * @param {string | string[]} sid
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {boolean} compress
   */
  #send(sid, opcode, data, compress) {
    this.#group.counters.messagesSent += sendFrame(this.#group, 'send', sid, opcode, data, compress);
  }

  /**
   * Calls back once a frame has left, as far as that is known, and no sooner than the tick is over.
   *
   * @param {EngineSocket} socket
   * @param {Callback} callback
   */
  #after(socket, callback) {
    this.#sent.push([socket, callback]);
    this.#schedule();
  }

  #schedule() {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      nextTick(this.#finish);
    }
  }

  #finish = () => {
    let left = this.#sent.length;
    try {
      this.#passOn();
      while (left-- > 0) {
        const [socket, callback] = /** @type {[EngineSocket, Callback]} */ (this.#sent.shift());
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

module.exports = { Server };
