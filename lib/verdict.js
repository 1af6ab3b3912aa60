'use strict';

const { integer, object } = require('./check.js');
const { invalidType } = require('./errors.js');
const { checkHeaders } = require('./headers.js');
const { Refusal } = require('./refuse.js');

const status = integer(300, 599);

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
  const { status: asked = 403, headers, body } = given;
  const checked = status('The status that "shouldAccept" returns', asked);
  if (body !== undefined && typeof body !== 'string') {
    throw invalidType('The body that "shouldAccept" returns', 'a string', body);
  }
  const lines = checkHeaders('The headers that "shouldAccept" returns', headers);
  throw new Refusal(checked, 'The request is refused', { code, headers: lines, body });
}

module.exports = { heed };
