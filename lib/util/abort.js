'use strict';

const { peerError } = require('./errors.js');

/**
 * What each AbortSignal is to do: one listener on it serves any number of connections.
 *
 * @type {WeakMap<AbortSignal, { actions: Set<() => void>, listener: () => void }>}
 */
const followed = new WeakMap();

/**
 * Has a signal's abort call `action`.
 *
 * @param {AbortSignal} signal not aborted yet
 * @param {() => void} action
 * @returns {() => void} undoes it
 */
function onAbort(signal, action) {
  let entry = followed.get(signal);
  if (entry === undefined) {
    const actions = new Set();
    entry = { actions, listener: () => [...actions].forEach((one) => one()) };
    followed.set(signal, entry);
    signal.addEventListener('abort', entry.listener, { once: true });
  }
  const { actions, listener } = entry;
  actions.add(action);
  return () => {
    actions.delete(action);
    if (actions.size === 0) {
      signal.removeEventListener('abort', listener);
      followed.delete(signal);
    }
  };
}

/**
 * What ends because of an abort.
 *
 * @param {AbortSignal} signal that is aborted
 * @returns {Error} the app's own, if it has given one
 */
function abortError({ reason }) {
  return reason instanceof Error ? reason : peerError('Aborted', { code: 'ABORT_ERR', cause: reason });
}

module.exports = { abortError, onAbort };
