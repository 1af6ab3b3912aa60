'use strict';

const { channel } = require('node:diagnostics_channel');

const { ROOT_CONTEXT, SpanKind, SpanStatusCode, context, propagation, trace } = require('@opentelemetry/api');

/**
 * @typedef {import('@opentelemetry/api').Attributes} Attributes
 * @typedef {import('@opentelemetry/api').Span} Span
 * @typedef {import('@opentelemetry/api').Tracer} Tracer
 * @typedef {import('../../index').UpgradeRequest} UpgradeRequest
 * @typedef {import('../../index').HandshakeMessage} HandshakeMessage
 * @typedef {import('../../index').ClientHandshakeMessage} ClientHandshakeMessage
 * @typedef {import('../../index').ServerHandshakeMessage} ServerHandshakeMessage
 */

// Kept: a channel that nobody holds is forgotten, with its subscribers, by some versions of Node.js.
const starts = channel('websockets:handshake:start');
const ends = channel('websockets:handshake:end');

/**
 * What the semantic conventions for HTTP have of a request that a server got. Of its target the path alone: tokens are in
 * the search.
 *
 * @param {ServerHandshakeMessage} message
 * @returns {Attributes}
 */
function ofServer({ request, route, remoteAddress, encrypted }) {
  const { method = 'GET', url = '', httpVersion, headers } = request;
  const authority = headers[':authority'] ?? headers.host;
  return {
    'http.request.method': method,
    'http.route': route,
    'url.path': url.split('?')[0],
    'url.scheme': encrypted ? 'https' : 'http',
    ...placeOf(String(authority ?? '')),
    'client.address': remoteAddress,
    'network.protocol.version': shortVersion(httpVersion),
    'user_agent.original': headers['user-agent'],
  };
}

/** The same of a request that a client makes. @param {ClientHandshakeMessage} message @returns {Attributes} */
function ofClient({ url }) {
  const { protocol, host, pathname } = new URL(url);
  return {
    'http.request.method': 'GET',
    'url.full': `${protocol}//${host}${pathname}`,
    'url.scheme': protocol.replace(':', ''),
    ...placeOf(host),
  };
}

/** @param {string} authority a host, with a port or without @returns {Attributes} */
function placeOf(authority) {
  const [, address, port] = /^(.+?)(?::(\d+))?$/.exec(authority) ?? [];
  if (address === undefined) return {};
  return { 'server.address': address, 'server.port': port === undefined ? undefined : Number(port) };
}

/** @param {string} version as Node.js has it @returns {string} as the conventions do */
const shortVersion = (version) => version.replace(/^([2-9])\.0$/, '$1');

/**
 * What makes a handshake a failure. For a server it is no fault of its own if it refuses a client.
 *
 * @param {HandshakeMessage} message
 * @returns {string | undefined} the `error.type`
 */
function faultOf({ role, status, code }) {
  if (role === 'server' && status !== undefined) return status >= 500 ? String(status) : undefined;
  return code !== undefined && status !== undefined && status >= 400 ? String(status) : code;
}

/**
 * Has a span for each opening handshake that the channels publish: not for those of `websockets/ws`, nor for those that the
 * app does itself. The span of a server is below that of the client which asks, if that says so in its request.
 *
 * @param {Tracer} tracer
 * @returns {() => void} stops it
 */
function traceHandshakes(tracer) {
  /** @type {WeakMap<HandshakeMessage, Span>} */
  const spans = new WeakMap();

  /** @param {unknown} published */
  const began = (published) => {
    const message = /** @type {HandshakeMessage} */ (published);
    if (message.role === 'server') {
      const parent = propagation.extract(ROOT_CONTEXT, message.request.headers);
      const attributes = ofServer(message);
      const name = [attributes['http.request.method'], message.route].filter(Boolean).join(' ');
      spans.set(message, tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent));
    } else {
      const span = tracer.startSpan('GET', { kind: SpanKind.CLIENT, attributes: ofClient(message) });
      spans.set(message, span);
      propagation.inject(trace.setSpan(context.active(), span), message.headers);
    }
  };

  /** @param {unknown} published */
  const ended = (published) => {
    const message = /** @type {HandshakeMessage} */ (published);
    const span = spans.get(message);
    if (span === undefined) return; // it had begun before
    // The subprotocol is left out: apps that serve browsers carry tokens there.
    const { status } = message;
    if (status !== undefined) span.setAttribute('http.response.status_code', status);
    const fault = faultOf(message);
    if (fault !== undefined) {
      span.setAttribute('error.type', fault);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  };

  starts.subscribe(began);
  ends.subscribe(ended);
  return () => {
    starts.unsubscribe(began);
    ends.unsubscribe(ended);
  };
}

module.exports = { traceHandshakes };
