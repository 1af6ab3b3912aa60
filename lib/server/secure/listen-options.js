'use strict';

const { object } = require('../../options/check.js');

/**
 * Takes the option `tls` out of the arguments of `listen`, which are otherwise those of `net.Server.listen`.
 *
 * @param {unknown[]} args
 * @returns {{ tls: object | undefined, rest: unknown[] }}
 * @throws {TypeError} if `tls` is no object
 */
function withoutTls(args) {
  const index = args.findIndex((one) => typeof one === 'object' && one !== null && 'tls' in one);
  if (index === -1) {
    return { tls: undefined, rest: args };
  }
  const { tls, ...others } = /** @type {{ tls?: unknown }} */ (args[index]);
  const rest = [...args];
  // Beside a port there is nothing else in it.
  if (Object.keys(others).length > 0) rest[index] = others;
  else rest.splice(index, 1);
  return { tls: tls === undefined ? undefined : object('The "tls" option', tls), rest };
}

module.exports = { withoutTls };
