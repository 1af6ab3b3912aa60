'use strict';

const PERMESSAGE_DEFLATE = 'permessage-deflate';

/** RFC 7692 §7.1.2.1: 8 to 15, without leading zeros. */
const WINDOW_BITS = /^(?:[89]|1[0-5])$/;

/** Each parameter of an offer: whether a value is one that it may have, and what is answered. */
const PARAMETERS = {
  server_no_context_takeover: { isValid: (value) => value === undefined, answer: (name) => name },
  client_no_context_takeover: { isValid: (value) => value === undefined, answer: (name) => name },
  server_max_window_bits: {
    isValid: (value) => WINDOW_BITS.test(value),
    answer: (name, value) => `${name}=${value}`,
  },
  client_max_window_bits: {
    isValid: (value) => value === undefined || WINDOW_BITS.test(value),
    answer: (name, value) => (value === undefined ? undefined : `${name}=${value}`),
  },
};

/**
 * The answer to an offer of permessage-deflate that honours all of its parameters (RFC 7692 §7.1).
 *
 * @param {string} [header] the value of the request's `Sec-WebSocket-Extensions`
 * @returns {string | undefined} what to answer, and to give to `assignSocket`; nothing where no
 *   offer can be accepted
 */
function agree(header = '') {
  for (const offer of header.split(',')) {
    const [name, ...parameters] = offer.split(';').map((part) => part.trim());
    if (name === PERMESSAGE_DEFLATE) {
      const answer = answerTo(parameters);
      if (answer !== undefined) return answer;
    }
  }
  return undefined;
}

/** @param {string[]} parameters @returns {string | undefined} */
function answerTo(parameters) {
  const answers = [PERMESSAGE_DEFLATE];
  const seen = new Set();
  for (const parameter of parameters) {
    const [name, value] = parameter.split('=').map((part) => part.trim());
    if (!Object.hasOwn(PARAMETERS, name) || seen.has(name)) return undefined;
    const { isValid, answer } = PARAMETERS[name];
    if (!isValid(value)) return undefined;
    seen.add(name);
    answers.push(answer(name, value));
  }
  return answers.filter((part) => part !== undefined).join('; ');
}

module.exports = { agree };
