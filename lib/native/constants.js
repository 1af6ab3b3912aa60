'use strict';

const PING = 0x9;
/** Kinds of records: `Kind` in `src/engine/batch.rs`. */
const KIND = {
  TEXT: 0,
  BINARY: 1,
  PING: 2,
  PONG: 3,
  DRAIN: 4,
  CLOSING: 5,
  ERROR: 6,
  CLOSE: 7,
  WRITE: 8,
  END: 9,
};

module.exports = { KIND, PING };
