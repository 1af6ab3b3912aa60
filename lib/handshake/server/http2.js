'use strict';

/** @typedef {import('node:http2').ServerHttp2Stream} ServerHttp2Stream */

/**
 * The stream of a request over HTTP/2, which is a stream of a connection that others share: nothing of it may be
 * answered as in HTTP/1.1.
 *
 * @param {object} req as the compatibility API of HTTP/2 has it, for example
 * @param {object} socket
 * @returns {ServerHttp2Stream | null} `null` if it is over HTTP/1.1
 */
function http2StreamOf(req, socket) {
  const { stream } = /** @type {{ stream?: object }} */ (req);
  return [stream, socket].find(isHttp2Stream) ?? null;
}

/**
 * @param {unknown} value
 * @returns {value is ServerHttp2Stream}
 */
function isHttp2Stream(value) {
  return typeof value === 'object' && value !== null && 'respond' in value && typeof value.respond === 'function';
}

/**
 * Refuses a request over HTTP/2.
 *
 * @param {ServerHttp2Stream} stream
 * @param {{ status: number, body: string }} refusal
 */
function refuseStream(stream, { status, body }) {
  stream.on('error', () => {});
  if (!stream.destroyed && !stream.headersSent) {
    stream.respond({ ':status': status, 'content-type': 'text/plain; charset=utf-8' });
    stream.end(body);
  }
}

module.exports = { http2StreamOf, isHttp2Stream, refuseStream };
