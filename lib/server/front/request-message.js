'use strict';

const http = require('node:http');

/** By this name an HTTP server of Node keeps the class of its requests, which the app may choose. */
const CLASS = 'IncomingMessage';

/** Header names and values that Node reads where the HTTP server has no `maxHeadersCount`. */
const MAX_HEADERS = 2_000;

/** Between what Rust brings of a head: none of that can have it within. */
const BETWEEN = '\0';

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {IncomingMessage & { _addHeaderLines(lines: string[], count: number): void, upgrade: boolean,
 *   joinDuplicateHeaders?: boolean }} Message what Node's parser fills in */
/** @typedef {import('node:http').Server & { joinDuplicateHeaders?: boolean }} HttpServer */

/**
 * The class of a server's requests.
 *
 * @param {HttpServer} server
 * @returns {typeof import('node:http').IncomingMessage}
 */
function messageClassOf(server) {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === CLASS);
  return (key && Reflect.get(server, key)) ?? http.IncomingMessage;
}

/**
 * The request that Node's parser would have made of a head that Rust has read. Its headers are read as they are asked for,
 * by Node.
 *
 * @param {HttpServer} server
 * @param {typeof import('node:http').IncomingMessage} Class
 * @param {import('node:net').Socket} socket
 * @param {string} head
 * @returns {IncomingMessage}
 */
function messageOf(server, Class, socket, head) {
  const lines = head.split(BETWEEN);
  const url = /** @type {string} */ (lines.shift());
  const message = /** @type {Message} */ (new Class(socket));
  message.httpVersionMajor = 1;
  message.httpVersionMinor = 1;
  message.httpVersion = '1.1';
  message.joinDuplicateHeaders = server.joinDuplicateHeaders;
  message.url = url;
  message.upgrade = true;
  const most = typeof server.maxHeadersCount === 'number' ? 2 * server.maxHeadersCount : MAX_HEADERS;
  message._addHeaderLines(lines, most > 0 ? Math.min(lines.length, most) : lines.length);
  message.method = 'GET';
  // There is no body.
  message.complete = true;
  message.push(null);
  return message;
}

/**
 * The bytes of a request that Rust has read.
 *
 * @param {string} head
 * @returns {Buffer}
 */
function bytesOf(head) {
  const [url, ...lines] = head.split(BETWEEN);
  let text = `GET ${url} HTTP/1.1\r\n`;
  for (let index = 0; index < lines.length; index += 2) text += `${lines[index]}: ${lines[index + 1]}\r\n`;
  return Buffer.from(`${text}\r\n`, 'latin1');
}

module.exports = { bytesOf, messageClassOf, messageOf };
