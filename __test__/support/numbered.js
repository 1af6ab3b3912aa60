'use strict';

/** From this size on a message has its whole number, below it the last digit. */
const WHOLE = 12;

/** What message `n` begins with. */
const head = (n, size) => (size < WHOLE ? String(n % 10) : `${n}.`);

/**
 * Messages of one size, each of which says its place among them.
 *
 * @param {number} n
 * @param {number} size in bytes, at least 1
 * @returns {string}
 */
function numbered(n, size) {
  return head(n, size).padEnd(size, '.');
}

/**
 * Without a text of what was wrong, which would be as long as the message.
 *
 * @param {string | Buffer} message
 * @param {number} n
 * @param {number} size
 * @returns {boolean} whether this is message `n`
 */
function isNumber(message, n, size) {
  const due = head(n, size);
  const got = typeof message === 'string' ? message.slice(0, due.length) : message.latin1Slice(0, due.length);
  return message.length === size && got === due;
}

module.exports = { isNumber, numbered };
