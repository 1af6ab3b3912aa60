'use strict';

/**
 * What Node has on a socket of an HTTP server, and does not document: the response that it writes now, and whether it
 * has held the socket back.
 *
 * @typedef {import('node:stream').Duplex & { _httpMessage?: import('node:http').ServerResponse | null,
 *   _paused?: boolean }} HttpSocket
 */

/**
 * Waits for the responses that Node still owes on a socket: a client may send its upgrade request before it has the
 * answers to those in front of it, and what we write would overtake them (RFC 9112 §9.3.2).
 *
 * @param {HttpSocket} socket the `'upgrade'` event's
 * @param {() => void} then called at once if there are none; not called if the socket is lost first
 */
function afterOwedResponses(socket, then) {
  const response = socket._httpMessage;
  if (!response) {
    then();
    return;
  }
  // Node has let go of the socket: nobody else says that the response may go on.
  const drained = () => {
    if (response.writableNeedDrain) response.emit('drain');
  };
  // Nor does Node read from it any more: what it would read, if the app has held it back before, is ours.
  socket._paused = false;
  socket.on('drain', drained);
  response.once('close', () => {
    socket.off('drain', drained);
    if (!socket.destroyed) afterOwedResponses(socket, then);
  });
}

module.exports = { afterOwedResponses };
