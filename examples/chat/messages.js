'use strict';

// What a page may say to the server. One JSON object a message, by `type`:
//
//   { type: 'join', name }        come in, or take another name
//   { type: 'say', text }         to everybody
//   { type: 'say', text, to }     to the one with this sid
//   { type: 'say', …, id }        a name of the page's own for it, which the server repeats in its answer
//   { type: 'ping' }              measure my round-trip time now

const MAX_NAME = 32;
const MAX_TEXT = 2000;
const MAX_MESSAGE_BYTES = 32 * 1024; // the longest text fits in, even with every character escaped

/** Control characters, and those that turn the direction of the text around them. */
const UNSEEN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const ID = /^[\w-]{1,64}$/;

/** A message that is not one of the above; its text is for whoever sent it, and so is the `id` that it had. */
class BadMessage extends Error {
  /** @param {string} message @param {string} [id] */
  constructor(message, id) {
    super(message);
    this.id = id;
  }
}

/**
 * A string of 1 to `max` characters, without blanks around it.
 *
 * @param {unknown} value
 * @param {string} what its name in the error
 * @param {number} max
 * @returns {string}
 */
function string(value, what, max) {
  if (typeof value !== 'string') throw new BadMessage(`${what} must be a string.`);
  const trimmed = value.trim();
  if (trimmed === '') throw new BadMessage(`${what} is empty.`);
  if ([...trimmed].length > max) throw new BadMessage(`${what} is longer than ${max} characters.`);
  return trimmed;
}

/** For each type its fields beside `type`, checked and copied; unknown ones are an error. */
const TYPES = {
  join({ name, ...rest }) {
    const checked = string(name, 'Your name', MAX_NAME);
    if (UNSEEN.test(checked)) throw new BadMessage('Your name holds a character that cannot be seen.');
    return [{ name: checked.normalize('NFC') }, rest];
  },
  say({ text, to, id, ...rest }) {
    const checked = string(text, 'The message', MAX_TEXT);
    if (!['undefined', 'string'].includes(typeof to)) throw new BadMessage('The addressee must be a string.');
    return [{ text: checked, ...(to !== undefined && { to }), ...(id !== undefined && { id }) }, rest];
  },
  ping(rest) {
    return [{}, rest];
  },
};

/**
 * Reads one message of a page.
 *
 * @param {string} json
 * @returns {{ type: 'join', name: string } | { type: 'say', text: string, to?: string, id?: string } | { type: 'ping' }}
 * @throws {BadMessage}
 */
function parse(json) {
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    throw new BadMessage('That is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadMessage('A message is a JSON object.');
  }
  const { type, ...fields } = value;
  if (typeof type !== 'string' || !Object.hasOwn(TYPES, type))
    throw new BadMessage('There is no such type of message.');
  const { id } = fields;
  if (id !== undefined && !(typeof id === 'string' && ID.test(id))) throw new BadMessage('That is no id.');
  try {
    const [checked, rest] = TYPES[type](fields);
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw new BadMessage(`A message of type ${type} has no ${unknown.slice(0, 20)}.`);
    return { type, ...checked };
  } catch (error) {
    throw error instanceof BadMessage ? new BadMessage(error.message, id) : error;
  }
}

module.exports = { BadMessage, MAX_MESSAGE_BYTES, MAX_NAME, MAX_TEXT, parse };
