'use strict';

const TOKEN = /[!#$%&'*+\-.^_`|~\w]+/y;
const CHARACTER = /[!#$%&'*+\-.^_`|~\w]/y;
const SPACE = /[ \t]*/y;

/**
 * Reads a header's value from left to right. What is wrong is a SyntaxError that says where, as with `ws`.
 */
class Scanner {
  #text;
  #at = 0;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  /** Whether nothing is left. */
  get isAtEnd() {
    return this.#at === this.#text.length;
  }

  /** @param {string} character @returns {boolean} whether it comes next; it is skipped then */
  skip(character) {
    const isNext = this.#text[this.#at] === character;
    if (isNext) this.#at++;
    return isNext;
  }

  /** Skips white space. */
  skipSpace() {
    this.#match(SPACE);
  }

  /** @param {string} character @returns {boolean} whether it comes next, or behind white space; both are skipped then */
  skipAfterSpace(character) {
    const before = this.#at;
    this.skipSpace();
    const isNext = this.skip(character);
    if (!isNext) this.#at = before;
    return isNext;
  }

  /** After an element of a list. @returns {boolean} whether another follows, which is next */
  hasNext() {
    if (this.isAtEnd) {
      return false;
    }
    if (!this.skipAfterSpace(',')) {
      this.skipSpace();
      this.fail();
    }
    this.skipSpace();
    return true;
  }

  /** @returns {string} the token that comes next */
  token() {
    return this.#match(TOKEN) || this.fail();
  }

  /** @returns {string} the content of the quoted string whose first quote was skipped: a token (RFC 6455 §9.1) */
  quoted() {
    let token = '';
    do {
      token += this.skip('\\') ? this.#character() : this.token();
    } while (!this.skip('"'));
    return token;
  }

  /** @returns {never} */
  fail() {
    const what = this.isAtEnd ? 'Unexpected end of input' : `Unexpected character at index ${this.#at}`;
    throw new SyntaxError(what);
  }

  /** @returns {string} the next character, one of a token */
  #character() {
    return this.#match(CHARACTER) || this.fail();
  }

  /** @param {RegExp} pattern sticky */
  #match(pattern) {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }
}

module.exports = { Scanner };
