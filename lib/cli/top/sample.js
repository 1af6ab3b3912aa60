'use strict';

/** @typedef {import('../../../monitor').Sample} Sample */

/** What came is no sample; the message says why, for people. */
class NoSample extends Error {}

/**
 * @template T
 * @typedef {(value: unknown) => T} Check throws what does not fit, and leaves out what is not known
 */

/** @type {Check<number>} */
function number(value) {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new NoSample('a number is missing in it');
  return value;
}

/** @type {Check<string>} */
function text(value) {
  if (typeof value !== 'string') throw new NoSample('a text is missing in it');
  return value;
}

/** @type {Check<string | null>} */
const textOrNull = (value) => (value === null ? null : text(value));

/** @type {Check<Record<string, unknown>>} */
function members(value) {
  if (typeof value !== 'object' || value === null) throw new NoSample('an object is missing in it');
  return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @template T
 * @param {Check<T>} check
 * @returns {Check<T[]>}
 */
const list = (check) => (value) => {
  if (!Array.isArray(value)) throw new NoSample('a list is missing in it');
  return value.map(check);
};

/** @type {Check<Record<string, number>>} */
const numbers = (value) => Object.fromEntries(Object.entries(members(value)).map(([key, one]) => [key, number(one)]));

/**
 * @template {Record<string, Check<unknown>>} S
 * @param {S} shape
 * @returns {Check<{ [K in keyof S]: ReturnType<S[K]> }>}
 */
const object = (shape) => (value) => {
  const found = members(value);
  const checked = Object.entries(shape).map(([key, check]) => [key, check(found[key])]);
  return /** @type {{ [K in keyof S]: ReturnType<S[K]> }} */ (Object.fromEntries(checked));
};

const checkSample = object({
  version: number,
  time: number,
  seconds: number,
  process: object({
    pid: number,
    version: text,
    uptime: number,
    cpu: number,
    memory: number,
    heapUsed: number,
    loopUtilization: number,
    loopDelay: number,
  }),
  bases: list(
    object({
      name: text,
      stats: numbers,
      rates: numbers,
      closes: numbers,
      errors: numbers,
      recentErrors: list(object({ time: number, code: text, message: text, sid: textOrNull, address: textOrNull })),
      topics: list(object({ name: text, subscribers: number })),
      slow: list(object({ sid: text, address: textOrNull, transport: text, queuedBytes: number })),
    }),
  ),
});

/** A sample as it has come: of the counters any may be missing, as a server of another version has others. */
/** @typedef {ReturnType<typeof checkSample>} ReadSample */

/**
 * Reads what a monitor has sent.
 *
 * @param {string} json
 * @returns {ReadSample}
 * @throws {NoSample}
 */
function readSample(json) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    throw new NoSample('it is no JSON');
  }
  const { version } = members(value);
  if (version !== 1)
    throw new NoSample(`its version is ${JSON.stringify(version)?.slice(0, 20)}, and this command knows 1`);
  return checkSample(value);
}

module.exports = { NoSample, readSample };
