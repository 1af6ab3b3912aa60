'use strict';

/** What a write to a view does: throw in strict mode, nothing otherwise. */
const READ_ONLY = {
  set: () => false,
  defineProperty: () => false,
  deleteProperty: () => false,
  setPrototypeOf: () => false,
  preventExtensions: () => false,
};

/**
 * The open connections of a `Base`, and the read-only views of them that stay live.
 *
 * @template {{ readonly sid: string }} C a connection
 */
class Views {
  /** @type {Map<string, C>} oldest first */
  #open = new Map();
  /** The one of them that was last in an event: most is sent to it. @type {C | undefined} */
  #heard;
  /** @type {Record<string, C>} */
  #sockets = {};
  /** Whether somebody looked at `sockets`: it is kept from then on. */
  #socketsAreKept = false;
  /** @type {string[]} */
  #history = [];
  #historyIsCurrent = true;

  #socketsView = new Proxy(this.#sockets, READ_ONLY);

  #historyView = new Proxy(this.#history, {
    ...READ_ONLY,
    get: (target, key, receiver) => Reflect.get(this.#current(target), key, receiver),
    has: (target, key) => Reflect.has(this.#current(target), key),
    ownKeys: (target) => Reflect.ownKeys(this.#current(target)),
    getOwnPropertyDescriptor: (target, key) => Reflect.getOwnPropertyDescriptor(this.#current(target), key),
  });

  /** Object: sid → connection. */
  get sockets() {
    if (!this.#socketsAreKept) {
      this.#socketsAreKept = true;
      for (const [sid, connection] of this.#open) {
        this.#sockets[sid] = connection;
      }
    }
    return this.#socketsView;
  }

  /** Array of sids, oldest first. */
  get history() {
    // An inspection looks past the proxy, at what is behind it.
    this.#current(this.#history);
    return this.#historyView;
  }

  /** How many there are. */
  get size() {
    return this.#open.size;
  }

  /** @param {C} connection */
  add(connection) {
    this.#open.set(connection.sid, connection);
    if (this.#socketsAreKept) {
      this.#sockets[connection.sid] = connection;
    }
    this.#historyIsCurrent = false;
  }

  /**
   * @param {string} sid
   * @returns {boolean} whether it was there
   */
  delete(sid) {
    delete this.#sockets[sid];
    this.#historyIsCurrent = false;
    this.#heard = undefined;
    return this.#open.delete(sid);
  }

  /**
   * @param {string} sid
   * @returns {C | undefined}
   */
  get(sid) {
    // Its own string is looked at by its address alone.
    return this.#heard?.sid === sid ? this.#heard : this.#open.get(sid);
  }

  /**
   * Something of this connection is about to be emitted.
   *
   * @param {C} connection that is open
   */
  hears(connection) {
    this.#heard = connection;
  }

  /** @returns {C | undefined} the oldest */
  oldest() {
    return this.#open.values().next().value;
  }

  /** @returns {C[]} as they are now */
  all() {
    return [...this.#open.values()];
  }

  /**
   * Brings the array up to date: removing a sid from it at once would cost a search each time.
   *
   * @param {string[]} target
   */
  #current(target) {
    if (!this.#historyIsCurrent) {
      this.#historyIsCurrent = true;
      target.length = 0;
      for (const sid of this.#open.keys()) {
        target.push(sid);
      }
    }
    return target;
  }
}

module.exports = { Views };
