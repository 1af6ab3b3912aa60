'use strict';

const { monitorEventLoopDelay, performance } = require('node:perf_hooks');

// What runs us, whatever a test of the app's has put in its place: Jest's fake timers replace these on the objects
// that code of the app sees, `process.nextTick` among them, and nothing would be sent before the test turns its clock.
// All of `lib/` below the command takes them from here; `__test__/docs/imports.test.js` sees to it.

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

/** A fake clock hides this with a property of the object's own. @type {() => number} */
const performanceNow = Object.getPrototypeOf(performance).now ?? performance.now;

/** @returns {number} milliseconds of a clock that never goes back */
const now = performanceNow.bind(performance);

/** Kept now: a fake clock may replace them later. */
const { eventLoopUtilization, timeOrigin } = performance;

/** @returns {number} ms since 1970, by the clock on the wall when the process began */
const wallTime = () => timeOrigin + now();

module.exports = {
  clearInterval: genuine('clearInterval', clearInterval),
  clearTimeout: genuine('clearTimeout', clearTimeout),
  eventLoopUtilization: eventLoopUtilization.bind(performance),
  monitorEventLoopDelay,
  nextTick: genuine('nextTick', process.nextTick),
  now,
  setImmediate: genuine('setImmediate', setImmediate),
  setInterval: genuine('setInterval', setInterval),
  setTimeout: genuine('setTimeout', setTimeout),
  wallTime,
};
