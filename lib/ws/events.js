'use strict';

const kTarget = Symbol('websockets.target');
const kType = Symbol('websockets.type');

/**
 * What listeners of `addEventListener` and of `onopen` and the like get (WHATWG DOM, as far as `ws` has it).
 */
class Event {
  /** @type {unknown} */
  [kTarget] = null;

  /** @param {string} type */
  constructor(type) {
    this[kType] = type;
  }

  /** The WebSocket. */
  get target() {
    return this[kTarget];
  }

  /** Its name. */
  get type() {
    return this[kType];
  }
}

/** The connection is closed. */
class CloseEvent extends Event {
  #code;
  #reason;
  #wasClean;

  /**
   * @param {string} type
   * @param {{ code?: number, reason?: string, wasClean?: boolean }} [facts]
   */
  constructor(type, { code = 0, reason = '', wasClean = false } = {}) {
    super(type);
    this.#code = code;
    this.#reason = reason;
    this.#wasClean = wasClean;
  }

  /** The status code (RFC 6455 §7.1.5). */
  get code() {
    return this.#code;
  }

  /** What the close frame says. */
  get reason() {
    return this.#reason;
  }

  /** Whether both close frames were exchanged. */
  get wasClean() {
    return this.#wasClean;
  }
}

/** Something went wrong. */
class ErrorEvent extends Event {
  #error;
  #message;

  /**
   * @param {string} type
   * @param {{ error?: unknown, message?: string }} [facts]
   */
  constructor(type, { error = null, message = '' } = {}) {
    super(type);
    this.#error = error;
    this.#message = message;
  }

  /** What the `'error'` event has. */
  get error() {
    return this.#error;
  }

  /** What that says. */
  get message() {
    return this.#message;
  }
}

/** A message has come. */
class MessageEvent extends Event {
  #data;

  /**
   * @param {string} type
   * @param {{ data?: unknown }} [facts]
   */
  constructor(type, { data = null } = {}) {
    super(type);
    this.#data = data;
  }

  /** A string, or what `binaryType` says. */
  get data() {
    return this.#data;
  }
}

for (const [kind, names] of /** @type {[Function, string[]][]} */ ([
  [Event, ['target', 'type']],
  [CloseEvent, ['code', 'reason', 'wasClean']],
  [ErrorEvent, ['error', 'message']],
  [MessageEvent, ['data']],
])) {
  for (const name of names) Object.defineProperty(kind.prototype, name, { enumerable: true });
}

module.exports = { CloseEvent, ErrorEvent, Event, MessageEvent, kTarget };
