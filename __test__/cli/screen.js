'use strict';

/** An escape sequence as readline and the command send them, or any one character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one.
const PIECES = /(\u001b\[([\d;?]*)([A-Za-z]))|[\s\S]/gu;

/**
 * What a terminal shows once it has got this: it knows the few sequences that readline and the command
 * send, and refuses others.
 *
 * @param {string} text
 * @returns {string[]} its lines
 */
function screen(text) {
  const lines = [''];
  let row = 0;
  let column = 0;
  const put = (character) => {
    const line = lines[row];
    lines[row] = line.slice(0, column).padEnd(column) + character + line.slice(column + 1);
    column += 1;
  };
  const erase = (from) => {
    lines[row] = lines[row].slice(0, from);
  };
  const newLine = () => {
    row += 1;
    column = 0;
    lines[row] ??= '';
  };
  for (const [whole, sequence, parameter, final] of text.matchAll(PIECES)) {
    if (sequence === undefined) {
      if (whole === '\r') column = 0;
      else if (whole === '\n') newLine();
      else put(whole);
    } else if (final === 'H' && parameter === '') row = column = 0;
    else if (final === 'G') column = Number(parameter || 1) - 1;
    else if (final === 'K' && parameter === '2') erase(0);
    else if ((final === 'J' || final === 'K') && Number(parameter) === 0) {
      erase(column);
      if (final === 'J') lines.length = row + 1;
    } else if (final !== 'm' && final !== 'h' && final !== 'l')
      throw new Error(`unknown sequence ${JSON.stringify(whole)}`);
  }
  return lines;
}

module.exports = { screen };
