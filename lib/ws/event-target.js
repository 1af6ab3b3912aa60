'use strict';

const { CloseEvent, ErrorEvent, Event, MessageEvent, kTarget } = require('./events.js');

/** Where the EventEmitter's listener keeps the listener that it calls, and whether that is an `on…` attribute's. */
const kListener = Symbol('websockets.listener');
const kIsAttribute = Symbol('websockets.attribute');

/** @typedef {((event: Event) => void) | { handleEvent(event: Event): void }} Listener */
/** @typedef {import('./types').WebSocketObject} Target */

/**
 * What the arguments of an event of the EventEmitter become.
 *
 * @type {Record<string, (target: any, ...args: any[]) => Event>}
 */
const EVENTS = {
  open: () => new Event('open'),
  message: (_target, data, isBinary) => new MessageEvent('message', { data: isBinary ? data : String(data) }),
  error: (_target, error) => new ErrorEvent('error', { error, message: error.message }),
  close: (target, code, reason) =>
    new CloseEvent('close', { code, reason: String(reason), wasClean: target._wasClean }),
};

/**
 * Adds a listener that gets an Event. Of other types than `open`, `message`, `error` and `close` nothing is heard.
 *
 * @this {Target}
 * @param {string} type
 * @param {Listener} listener
 * @param {{ once?: boolean }} [options]
 */
function addEventListener(type, listener, options = {}) {
  const isThere = this.listeners(type).some((one) => isFor(one, listener) && !isAttribute(one));
  if (!isThere && Object.hasOwn(EVENTS, type)) {
    add(this, type, listener, options.once === true, false);
  }
}

/**
 * @param {Target} target
 * @param {string} type
 * @param {Listener} listener
 * @param {boolean} once
 * @param {boolean} attribute whether it is that of `on…`
 */
function add(target, type, listener, once, attribute) {
  /** @param {unknown[]} args */
  const wrapper = (...args) => {
    const event = EVENTS[type](target, ...args);
    event[kTarget] = target;
    if (typeof listener === 'object') {
      listener.handleEvent(event);
    } else {
      listener.call(target, event);
    }
  };
  Object.assign(wrapper, { [kListener]: listener, [kIsAttribute]: attribute });
  once ? target.once(type, wrapper) : target.on(type, wrapper);
}

/**
 * Removes what `addEventListener` added.
 *
 * @this {Target}
 * @param {string} type
 * @param {Listener} listener
 */
function removeEventListener(type, listener) {
  const found = this.listeners(type).find((one) => isFor(one, listener) && !isAttribute(one));
  if (found !== undefined) this.removeListener(type, /** @type {any} */ (found));
}

/** @param {any} wrapper @param {Listener} listener */
function isFor(wrapper, listener) {
  return wrapper[kListener] === listener;
}

/** @param {any} wrapper */
function isAttribute(wrapper) {
  return wrapper[kIsAttribute] === true;
}

/**
 * Gives a class `addEventListener`, `removeEventListener` and the attributes `onopen`, `onmessage`, `onerror` and
 * `onclose`.
 *
 * @param {object} prototype of an EventEmitter
 */
function makeEventTarget(prototype) {
  Object.assign(prototype, { addEventListener, removeEventListener });
  for (const type of Object.keys(EVENTS)) {
    Object.defineProperty(prototype, `on${type}`, {
      configurable: true,
      enumerable: true,
      /** @this {Target} */
      get() {
        const found = /** @type {any} */ (this.listeners(type).find(isAttribute));
        return found === undefined ? null : found[kListener];
      },
      /** @this {Target} @param {unknown} listener */
      set(listener) {
        const found = /** @type {any} */ (this.listeners(type).find(isAttribute));
        if (found !== undefined) this.removeListener(type, found);
        if (typeof listener === 'function') add(this, type, /** @type {Listener} */ (listener), false, true);
      },
    });
  }
}

module.exports = { kIsAttribute, kListener, makeEventTarget };
