'use strict';

// Nothing here loads node:http2, and nothing does before it is used: loading it takes some milliseconds.

/** Error codes of HTTP/2 (RFC 9113 §7). */
const REFUSED_STREAM = 0x7;
const CANCEL = 0x8;

/** @typedef {import('node:http2').Http2Stream} Http2Stream */

/**
 * Whether something is a stream of HTTP/2, which is one of many on a connection: of a server or of a client.
 *
 * @param {unknown} value
 * @returns {value is Http2Stream}
 */
function isHttp2Stream(value) {
  const { close, rstCode } = /** @type {Partial<Http2Stream>} */ (value ?? {});
  return typeof close === 'function' && typeof rstCode === 'number';
}

/**
 * Drops a stream. What is a reset of a TCP connection elsewhere is RST_STREAM with CANCEL on a stream of HTTP/2
 * (RFC 8441 §5); one that has ended in order needs none.
 *
 * @param {{ destroy?: () => unknown }} stream an old-style one may lack `destroy`
 */
function drop(stream) {
  if (isHttp2Stream(stream) && !stream.closed && !(stream.writableFinished && stream.readableEnded)) {
    stream.close(CANCEL);
  }
  stream.destroy?.();
}

/**
 * What a stream knows of its peer's address: that of a stream of HTTP/2 is its session's.
 *
 * @param {object} stream
 * @returns {string | undefined}
 */
function remoteAddressOf(stream) {
  let socket = /** @type {{ remoteAddress?: string } | undefined} */ (stream);
  if (isHttp2Stream(stream)) {
    const { session } = stream;
    socket = session === undefined || session.destroyed ? undefined : session.socket;
  }
  return socket?.remoteAddress;
}

module.exports = { REFUSED_STREAM, drop, isHttp2Stream, remoteAddressOf };
