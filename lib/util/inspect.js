'use strict';

/** What `util.inspect`, and so `console.log`, calls. */
const kInspect = Symbol.for('nodejs.util.inspect.custom');

/** What every EventEmitter has for itself. */
const EMITTERS_OWN = new Set(['_events', '_eventsCount', '_maxListeners', 'domain']);

/**
 * What a method of that name gets.
 *
 * @typedef {[depth: number | null, options: import('node:util').InspectOptionsStylized,
 *   inspect: typeof import('node:util').inspect]} How
 */

/**
 * How an object is shown: its class and some facts, or its class alone where that is deep enough.
 *
 * @param {object} object
 * @param {Record<string, unknown>} facts
 * @param {How[0]} depth
 * @param {How[1]} options
 * @param {How[2]} inspect
 * @returns {string}
 */
function show(object, facts, depth, options, inspect) {
  const { name } = object.constructor;
  if (depth !== null && depth < 0) {
    return options.stylize(`[${name}]`, 'special');
  }
  return `${name} ${inspect(facts, { ...options, depth })}`;
}

/**
 * What is shown of a `Base`: nothing of its connections, and of its URL neither credentials nor the search,
 * where tokens are.
 *
 * @param {import('../../index').Base} base
 * @returns {Record<string, unknown>} and what its class has added
 */
function factsOf(base) {
  const { connections, extensions, maxConnections, url } = base;
  const shown = `${url.protocol}//${url.host}${url.pathname}`;
  const own = Object.entries(base).filter(([name]) => !EMITTERS_OWN.has(name));
  const facts = { url: shown, connections, maxConnections, extensions: Object.keys(extensions) };
  return { ...facts, ...Object.fromEntries(own) };
}

module.exports = { factsOf, kInspect, show };
