'use strict';

// What runs us, whatever a test of the app's has put in its place: Jest's fake timers replace these on the objects
// that code of the app sees, `process.nextTick` among them, and nothing would be sent before the test turns its clock.

/**
 * A function, or the one that a fake clock keeps which was installed before us.
 *
 * @template {Function} F
 * @param {string} name
 * @param {F & { clock?: Record<string, unknown> }} found
 * @returns {F}
 */
function genuine(name, found) {
  const kept = found.clock?.[`_${name}`];
  return typeof kept === 'function' ? /** @type {F} */ (/** @type {unknown} */ (kept)) : found;
}

module.exports = {
  clearTimeout: genuine('clearTimeout', clearTimeout),
  nextTick: genuine('nextTick', process.nextTick),
  setImmediate: genuine('setImmediate', setImmediate),
  setTimeout: genuine('setTimeout', setTimeout),
};
