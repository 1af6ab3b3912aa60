'use strict';

const { invalidType } = require('../util/errors.js');

/** Most bytes of a topic's name. */
const LONGEST = 128 * 1024;
/** Half of a pair that encodes one character (UTF-16): no UTF-8 stands for it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Checks the name of a topic.
 *
 * @param {unknown} topic
 * @returns {string} the same
 * @throws {TypeError} if it is none
 */
function checkTopic(topic) {
  if (typeof topic !== 'string') {
    throw invalidType('The "topic" argument', 'a string', topic);
  }
  const { length } = topic;
  const isShort = length * 3 <= LONGEST || (length <= LONGEST && Buffer.byteLength(topic) <= LONGEST);
  if (length === 0 || !isShort || LONE_SURROGATE.test(topic)) {
    const allowed = `a well-formed string of 1 to ${LONGEST} bytes of UTF-8`;
    throw invalidType('The "topic" argument', allowed, topic);
  }
  return topic;
}

/**
 * Checks the names of topics, all before any is used.
 *
 * @param {unknown} topics one, or an array of them
 * @returns {string[]}
 * @throws {TypeError} if one is none
 */
function checkTopics(topics) {
  return Array.isArray(topics) ? [...topics].map(checkTopic) : [checkTopic(topics)];
}

module.exports = { checkTopic, checkTopics };
