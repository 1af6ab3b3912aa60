'use strict';

/** What is larger or deeper than this is not laid out: its spaces could take any amount of memory. */
const MAX_LENGTH = 1024 * 1024;
const MAX_DEPTH = 50;
/** All that JSON is made of but strings. White space between them is left out. */
const TOKEN = /[{}[\],:]|[^\s{}[\],:"]+/y;
const SPACE = /\s*/y;

/**
 * @param {string} text that is JSON
 * @param {number} from
 * @returns {number} where the string ends that begins there
 */
function endOfString(text, from) {
  for (let at = from + 1; ; at += 1) {
    at = text.indexOf('"', at);
    let before = at;
    while (text[before - 1] === '\\') before -= 1;
    if ((at - before) % 2 === 0) return at + 1;
  }
}

/** @param {string} text that is JSON @returns {Generator<string, void>} each token of it */
function* tokens(text) {
  for (let at = 0; ; ) {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
    if (at === text.length) return;
    let end;
    if (text[at] === '"') {
      end = endOfString(text, at);
    } else {
      TOKEN.lastIndex = at;
      TOKEN.test(text);
      end = TOKEN.lastIndex;
    }
    yield text.slice(at, end);
    at = end;
  }
}

/** @param {string} text @returns {boolean} */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * JSON with a line for each of its members. Numbers and strings stay as they were written, which
 * `JSON.stringify(JSON.parse(text))` would not do.
 *
 * @param {string} text
 * @returns {string | null} `null` if it is no JSON, or too large
 */
function layOut(text) {
  if (text.length > MAX_LENGTH || !isJson(text)) return null;
  const pieces = [];
  let depth = 0;
  let isEmpty = false; // what was opened last has no member yet
  const newLine = () => pieces.push(`\n${'  '.repeat(depth)}`);
  for (const token of tokens(text)) {
    if (token === '}' || token === ']') {
      depth -= 1;
      if (!isEmpty) newLine();
      isEmpty = false;
      pieces.push(token);
      continue;
    }
    if (isEmpty) newLine();
    isEmpty = token === '{' || token === '[';
    pieces.push(token);
    if (isEmpty) depth += 1;
    if (depth > MAX_DEPTH) return null;
    if (token === ':') pieces.push(' ');
    if (token === ',') newLine();
  }
  return pieces.join('');
}

module.exports = { layOut };
