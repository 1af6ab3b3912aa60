'use strict';

const path = require('node:path').posix;

/** A link of Markdown: what is in front of its target, the target, and what may be behind it. */
const LINK = /(\]\(\s*<?)([^)\s>]+)(>?(?:\s+"[^"]*")?\s*\))/g;

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
function packedLinks(text, name, isPacked, page, tag) {
  return text.replace(LINK, (whole, before, target, behind) => {
    const [file, anchor] = target.split('#');
    if (file === '' || /^[a-z][a-z\d+.-]*:/i.test(target)) return whole;
    const place = path.join(path.dirname(name), file).replace(/\/$/, '');
    if (isPacked(place)) return whole;
    return `${before}${page}/blob/${tag}/${place}${anchor === undefined ? '' : `#${anchor}`}${behind}`;
  });
}

module.exports = { packedLinks };
