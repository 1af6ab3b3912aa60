'use strict';

const path = require('node:path').posix;

/** A link of Markdown: what stands before its target, the target, and what may follow it. */
const LINK = /(\]\(\s*<?)([^)\s>]+)(>?(?:\s+"[^"]*")?\s*\))/g;

/**
 * A document with other links to what is in the repository. Those to other sites, and to its own headings, stay.
 *
 * @param {string} text
 * @param {string} name where the document is, relative to the root of the checkout
 * @param {(place: string) => string | undefined} targetOf what a link to a file or folder of the checkout leads to instead
 * @returns {string}
 */
function relinked(text, name, targetOf) {
  return text.replace(LINK, (whole, before, target, after) => {
    const [file, anchor] = target.split('#');
    if (file === '' || /^[a-z][a-z\d+.-]*:/i.test(target)) return whole;
    const to = targetOf(path.join(path.dirname(name), file).replace(/\/$/, ''));
    return to === undefined ? whole : `${before}${to}${anchor === undefined ? '' : `#${anchor}`}${after}`;
  });
}

/**
 * A document as it is packed: its links to what is not in the package lead to the page of the repository instead.
 *
 * @param {string} text
 * @param {string} name where the document is, relative to the root of the checkout
 * @param {(file: string) => boolean} isPacked whether the package has a file or folder, at the same place
 * @param {string} page of the repository
 * @param {string} tag of the version that is packed
 * @returns {string}
 */
const packedLinks = (text, name, isPacked, page, tag) =>
  relinked(text, name, (place) => (isPacked(place) ? undefined : `${page}/blob/${tag}/${place}`));

module.exports = { packedLinks, relinked };
