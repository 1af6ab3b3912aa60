'use strict';

const { object } = require('../../options/check.js');
const { invalidType, outOfRange } = require('../../util/errors.js');
const { checkHeaders } = require('../../options/headers.js');
const { Refusal } = require('./refuse.js');
const { REDIRECTS } = require('../client/target.js');

const REFUSALS = `an integer from 400 to 599, or ${[...REDIRECTS].join(', ')} with a Location header`;

/**
 * Takes what a `shouldAccept` function has said of a request.
 *
 * @param {unknown} verdict `true`; `false`, a status, or `{ status, headers, body }` to refuse it
 * @throws {Refusal} where it is refused
 * @throws {TypeError | RangeError} where it is anything else: a `return` that is missing accepts nobody
 */
function heed(verdict) {
  if (verdict === true) {
    return;
  }
  const code = 'ERR_WS_UPGRADE_REFUSED';
  if (verdict === false) {
    throw new Refusal(403, 'The request is refused', { code });
  }
  const isStatus = typeof verdict === 'number';
  const given = isStatus ? { status: verdict } : object('The result of "shouldAccept"', verdict);
  const { status: asked = 403, headers, body } = /** @type {Record<string, unknown>} */ (given);
  if (body !== undefined && typeof body !== 'string') {
    throw invalidType('The body that "shouldAccept" returns', 'a string', body);
  }
  const lines = checkHeaders('The headers that "shouldAccept" returns', headers);
  throw new Refusal(checkStatus(asked, lines), 'The request is refused', { code, headers: lines, body });
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
