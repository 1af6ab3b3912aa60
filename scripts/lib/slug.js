'use strict';

/**
 * The anchor that GitHub gives a heading, but for the number that a second heading of the same text gets.
 *
 * @param {string} heading as it is shown, without Markdown
 * @returns {string}
 */
const slug = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');

module.exports = slug;
