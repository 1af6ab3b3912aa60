'use strict';

const { object } = require('../options/check.js');
const { invalidType } = require('../util/errors.js');
const { Base } = require('./base.js');

/**
 * Checks Bases that the app gives names to, for what is shown of each of them.
 *
 * @param {unknown} bases
 * @throws {TypeError} if one is no Base, or has two names: what it does would be counted for one of them, or twice
 */
function checkNamedBases(bases) {
  /** @type {Map<unknown, string>} */
  const names = new Map();
  for (const [name, base] of Object.entries(object('The "bases" argument', bases))) {
    const what = `The Base "${name}"`;
    if (!(base instanceof Base)) throw invalidType(what, 'a Base, a Server or a Client', base);
    const other = names.get(base);
    if (other !== undefined) throw invalidType(what, `another one than "${other}"`, base);
    names.set(base, name);
  }
}

module.exports = { checkNamedBases };
