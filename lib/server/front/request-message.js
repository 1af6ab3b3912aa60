'use strict';

const http = require('node:http');

/** By this name an HTTP server of Node keeps the class of its requests, which the app may choose. */
const CLASS = 'IncomingMessage';

/** Where a request keeps who has made it. */
const kArrival = Symbol('websockets.arrival');

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:net').Socket} Socket */
/** @typedef {import('node:http').Server & { joinDuplicateHeaders?: boolean }} HttpServer */
/**
 * What Node's parser fills in.
 *
 * @typedef {IncomingMessage & { _addHeaderLines(lines: string[], count: number): void, upgrade: boolean,
 *   _readableState: { ended: boolean }, joinDuplicateHeaders?: boolean, [kArrival]: { readonly socket: Socket } }} Message
 */

/**
 * What has a socket made.
 *
 * @type {PropertyDescriptor & ThisType<Message>}
 */
const SOCKET = {
  configurable: true,
  enumerable: true,
  get() {
    return this[kArrival].socket;
  },
  set(value) {
    const own = { value, configurable: true, enumerable: true, writable: true };
    Object.defineProperties(this, { socket: own, client: own });
  },
};

/** The message's own, as Node's are: Express gives each request another prototype. */
const SOCKETS = { socket: SOCKET, client: SOCKET };

/** A request that Rust has read: a socket is made for those alone that are asked for it. */
class Request extends http.IncomingMessage {}
// What Node's constructor sets would be in the way of those.
for (const name of Object.keys(SOCKETS)) Object.defineProperty(Request.prototype, name, { set() {} });
Object.defineProperty(Request, 'name', { value: http.IncomingMessage.name });

/**
 * Whether the app has chosen a class for the requests of a server. It may do with the socket what it likes.
 *
 * @param {HttpServer} server
 */
function hasOwnClass(server) {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === CLASS);
  return key !== undefined && Reflect.get(server, key) !== http.IncomingMessage;
}

/**
 * The request that Node's parser would have made of a head that Rust has read. Its headers are read as they are asked for,
 * by Node.
 *
 * @param {HttpServer} server
 * @param {{ url: string, rawHeaders: string[], readonly socket: Socket }} arrival who has made it
 * @returns {IncomingMessage}
 */
function messageOf(server, arrival) {
  const { rawHeaders, url } = arrival;
  const message = /** @type {Message} */ (/** @type {unknown} */ (new Request(/** @type {any} */ (null))));
  message[kArrival] = arrival;
  Object.defineProperties(message, SOCKETS);
  // There is no body.
  message._readableState.ended = true;
  message.httpVersionMajor = 1;
  message.httpVersionMinor = 1;
  message.httpVersion = '1.1';
  message.joinDuplicateHeaders = server.joinDuplicateHeaders;
  message.url = url;
  message.upgrade = true;
  message._addHeaderLines(rawHeaders, rawHeaders.length);
  message.method = 'GET';
  message.complete = true;
  return message;
}

/**
 * The bytes of a request that Rust has read.
 *
 * @param {{ url: string, rawHeaders: string[] }} request
 * @returns {Buffer}
 */
function bytesOf({ url, rawHeaders }) {
  let text = `GET ${url} HTTP/1.1\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) text += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`;
  return Buffer.from(`${text}\r\n`, 'latin1');
}

module.exports = { bytesOf, hasOwnClass, messageOf };
