'use strict';

/** Streams whose opening handshake was done here: what comes from them is held to RFC 6455 §5.1. */
const upgraded = new WeakSet();

module.exports = { upgraded };
