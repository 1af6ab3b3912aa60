'use strict';

const { invalidType } = require('../util/errors.js');
const { isToken } = require('../options/headers.js');
const native = require('../native/native.js');
const { PERMESSAGE_DEFLATE } = require('../native/constants.js');

/** @typedef {import('../options/per-message-deflate.js').DeflateSettings} DeflateSettings */

/**
 * The extensions that a server accepts: those of the app, in the order of its object, then
 * permessage-deflate, so that they see frames before they are compressed. What uses RSV1 can be on
 * once only (RFC 6455 §9.1).
 *
 * Nothing reads parameters of the app's extensions: only an offer without any is accepted.
 *
 * @param {{ offers: { name: string, source: string }[] }} request
 * @param {Record<string, { rsv1?: boolean }>} known
 * @param {DeflateSettings | null} deflate the settings of permessage-deflate, `null` where it is off
 * @returns {string} the value of `Sec-WebSocket-Extensions`, `''` where there is none
 */
function acceptExtensions({ offers }, known, deflate) {
  if (offers.length === 0) {
    return '';
  }
  const plain = new Set(offers.map(({ source }) => source));
  const accepted = [];
  let rsv1 = false;
  for (const name of Object.keys(known)) {
    const wantsRsv1 = known[name]?.rsv1 === true;
    if (plain.has(name) && !(wantsRsv1 && rsv1)) {
      accepted.push(name);
      rsv1 ||= wantsRsv1;
    }
  }
  if (deflate !== null && !rsv1 && !Object.hasOwn(known, PERMESSAGE_DEFLATE)) {
    const acceptable = deflate.isFull === true ? offers.filter(takesNoClientContext) : offers;
    const value = acceptable.map(({ source }) => source).join(', ');
    const answer = value === '' ? null : native.acceptDeflate(value, deflate);
    if (answer !== null) {
      accepted.push(answer);
    }
  }
  return accepted.join(', ');
}

/**
 * Whether the client offers to take its context over no more: only one that does is sure to be able to.
 *
 * @param {{ source: string }} offer
 */
function takesNoClientContext({ source }) {
  return source.split(';').some((parameter) => parameter.trim() === 'client_no_context_takeover');
}

/**
 * What a client offers, in the same order.
 *
 * @param {Record<string, { rsv1?: boolean }>} known
 * @param {DeflateSettings | null} deflate
 * @returns {string} the value of `Sec-WebSocket-Extensions`, `''` where there is none
 * @throws {TypeError} where a name is none
 */
function offerExtensions(known, deflate) {
  const offers = Object.keys(known);
  const wrong = offers.find((name) => !isToken(name));
  if (wrong !== undefined) {
    throw invalidType('The name of an extension', 'a token', wrong);
  }
  if (deflate !== null && !Object.hasOwn(known, PERMESSAGE_DEFLATE)) {
    offers.push(native.offerDeflate(deflate));
  }
  return offers.join(', ');
}

/**
 * What holds where a server has answered such an offer.
 *
 * @param {string} value of the response's `Sec-WebSocket-Extensions`
 * @param {Record<string, { rsv1?: boolean }>} known
 * @param {DeflateSettings | null} deflate
 * @returns {string} for `assignSocket`
 * @throws {Error} where this is no answer to the offer: the connection has to fail
 */
function confirmExtensions(value, known, deflate) {
  const agreed = [];
  const names = new Set();
  let rsv1 = false;
  let compressed = false;
  for (const { name, source } of native.parseExtensions(value)) {
    const isOurs = Object.hasOwn(known, name);
    const isDeflate = !isOurs && deflate !== null && name === PERMESSAGE_DEFLATE;
    if (!isOurs && !isDeflate) {
      throw new Error(`${name} was not offered`);
    }
    if (names.has(name)) {
      throw new Error(`${name} is there twice`);
    }
    if (compressed) {
      throw new Error(`${name} comes after ${PERMESSAGE_DEFLATE}, which must be the last`);
    }
    if (isOurs && source !== name) {
      throw new Error(`${name} has parameters that were not offered`);
    }
    const wantsRsv1 = isDeflate || known[name].rsv1 === true;
    if (wantsRsv1 && rsv1) {
      throw new Error(`${name} is not the only one that uses RSV1`);
    }
    rsv1 ||= wantsRsv1;
    compressed ||= isDeflate;
    names.add(name);
    agreed.push(isDeflate ? native.confirmDeflate(source, deflate) : name);
  }
  return agreed.join(', ');
}

module.exports = { acceptExtensions, confirmExtensions, offerExtensions };
