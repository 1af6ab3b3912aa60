'use strict';

const readline = require('node:readline');

/**
 * The lines of an input that is no terminal. A line ends at `\n`, or at `\r\n`, as those of Windows do; whatever else
 * is taken for a line end elsewhere, U+2028 or a lone `\r`, belongs to it.
 *
 * @param {import('node:stream').Readable} stream
 * @returns {AsyncGenerator<string, void>}
 */
async function* linesOf(stream) {
  stream.setEncoding('utf8');
  let begun = []; // pieces of a line whose end has not come
  for await (const text of stream) {
    const [first, ...others] = text.split('\n');
    begun.push(first);
    for (const other of others) {
      yield begun.join('').replace(/\r$/, '');
      begun = [other];
    }
  }
  const last = begun.join('');
  if (last !== '') yield last;
}

/**
 * Lines that are typed at a terminal, with all that readline has for editing them.
 *
 * @param {{ line: (line: string) => void, end: () => void, interrupt: () => void }} handlers
 * @returns {readline.Interface}
 */
function atTerminal({ line, end, interrupt }) {
  const lines = readline.createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: '> ',
    terminal: true,
  });
  return lines.on('line', line).on('close', end).on('SIGINT', interrupt);
}

module.exports = { atTerminal, linesOf };
