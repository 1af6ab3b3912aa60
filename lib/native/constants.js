'use strict';

const { constants } = require('./native.js');

// What both languages share. Rust defines each of these once, in the file that it belongs to; `src/binding/constants.rs`
// lists them.
const {
  BACKPRESSURE,
  PERMESSAGE_DEFLATE,
  asks,
  default: defaults,
  kind,
  limit,
  opcode,
  setting,
  statusCode,
  tls,
} = constants;
const { validStatusCodes } = constants;

module.exports = {
  BACKPRESSURE,
  PERMESSAGE_DEFLATE,
  asks,
  defaults,
  kind,
  limit,
  opcode,
  setting,
  statusCode,
  tls,
  validStatusCodes,
};
