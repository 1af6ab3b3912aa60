'use strict';

const { once } = require('node:events');
const net = require('node:net');

/**
 * A client that says something to a server on 127.0.0.1, and waits until that has answered.
 *
 * @param {number} port
 * @param {string[]} pieces in latin1, each written once the one before it is there
 * @param {object} how
 * @param {() => boolean} how.hasHeard whether the server has heard of it
 * @param {(client: net.Socket) => void} [how.connected]
 * @param {(answer: string) => Promise<unknown> | null} [how.follows] what is waited for instead of its end, once this was
 *   answered
 * @returns {Promise<string>} the answer, without its date
 */
async function says(port, pieces, { hasHeard, connected, follows = () => null }) {
  const client = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let answer = '';
  const over = new Promise((resolve) => {
    client.setEncoding('latin1').on('data', (text) => {
      answer += text;
      const next = follows(answer);
      if (next !== null) resolve(next);
    });
    client.on('end', resolve);
    client.on('close', resolve);
  });
  client.on('error', () => {});
  await once(client, 'connect');
  connected?.(client);
  for (const piece of pieces) {
    await new Promise((resolve) => client.write(piece, 'latin1', resolve));
    // The server's turn, so that the next piece is a read of its own.
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  // A request that does not end is over when its client has nothing more to say.
  if (answer === '' && !hasHeard()) client.end();
  await over;
  client.destroy();
  return answer.replace(/Date: .*\r\n/, '');
}

module.exports = { says };
