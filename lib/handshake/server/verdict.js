'use strict';

const { invalidType, outOfRange } = require('../../util/errors.js');
const { checkHeaders } = require('../../options/headers.js');
const { Refusal } = require('./refusal.js');
const { REDIRECTS } = require('../client/target.js');

const REFUSALS = `an integer from 400 to 599, or ${[...REDIRECTS].join(', ')} with a Location header`;

/** What an object says: it refuses with any of the first, or accepts. */
const REFUSING = ['status', 'headers', 'body'];
const ACCEPTING = ['headers', 'protocol', 'data'];

const VERDICTS =
  'true, { headers, protocol, data } to accept with more; false, a status from 400 to 599, or { status, headers, body } to refuse';

/**
 * Takes what a `shouldAccept` function has said of a request.
 *
 * @param {unknown} verdict
 * @returns {{ headers: [string, string][], protocol?: unknown, data?: unknown }} how it is accepted
 * @throws {Refusal} if it is refused
 * @throws {TypeError | RangeError} if it is anything else: a `return` that is missing accepts nobody
 */
function heed(verdict) {
  if (verdict === true) {
    return { headers: [] };
  }
  const code = 'ERR_WS_UPGRADE_REFUSED';
  if (verdict === false) {
    throw new Refusal(403, 'The request is refused', { code });
  }
  const isStatus = typeof verdict === 'number';
  const given = isStatus ? { status: verdict } : objectOf(verdict);
  const { status: asked = 403, headers, body } = /** @type {Record<string, unknown>} */ (given);
  const lines = checkHeaders('The headers that "shouldAccept" returns', headers);
  if (!('status' in given || 'body' in given)) {
    return { ...given, headers: lines };
  }
  if (body !== undefined && typeof body !== 'string') {
    throw invalidType('The body that "shouldAccept" returns', 'a string', body);
  }
  throw new Refusal(checkStatus(asked, lines), 'The request is refused', { code, headers: lines, body });
}

/**
 * An object that says nothing else: one that has come here by mistake, such as a user's record, accepts nobody.
 *
 * @param {unknown} verdict
 * @returns {Record<string, any>}
 * @throws {TypeError}
 */
function objectOf(verdict) {
  const names = typeof verdict === 'object' && verdict !== null ? Object.keys(verdict) : [];
  /** @param {string[]} known */
  const isOnly = (known) => names.every((name) => known.includes(name));
  if (names.length === 0 || !(isOnly(REFUSING) || isOnly(ACCEPTING))) {
    throw invalidType('The result of "shouldAccept"', VERDICTS, verdict);
  }
  return /** @type {Record<string, any>} */ (verdict);
}

/**
 * A refusal has a body, and is nothing that a client could take for success or for an interim response.
 *
 * @param {unknown} status
 * @param {[string, string][]} headers
 * @returns {number}
 * @throws {TypeError | RangeError}
 */
function checkStatus(status, headers) {
  const name = 'The status that "shouldAccept" returns';
  if (typeof status !== 'number') {
    throw invalidType(name, REFUSALS, status);
  }
  const isError = Number.isInteger(status) && status >= 400 && status <= 599;
  const leads = REDIRECTS.has(status) && headers.some(([key]) => key.toLowerCase() === 'location');
  if (!isError && !leads) {
    throw outOfRange(name, REFUSALS, status);
  }
  return status;
}

module.exports = { heed };
