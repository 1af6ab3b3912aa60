'use strict';

const { Frame } = require('./frame.js');
const { opcode: opcodes } = require('../native/constants.js');

/**
 * A frame of a message, as frames with at most `most` bytes of payload (RFC 6455 §5.4). The reserved bits stay with the
 * first of them (RFC 7692 §6.1), and each that is masked has a key of its own.
 *
 * @param {Frame} frame
 * @param {number} most
 * @returns {Frame[]}
 */
function fragmentsOf(frame, most) {
  const { fin, rsv1, rsv2, rsv3, opcode, mask, content } = frame;
  if (opcode > opcodes.BINARY || content.length <= most) {
    return [frame];
  }
  const fragments = [Object.assign(new Frame(), { fin: false, rsv1, rsv2, rsv3, opcode, mask })];
  fragments[0].content = content.subarray(0, most);
  for (let at = most; at < content.length; at += most) {
    const isLast = at + most >= content.length;
    const next = Object.assign(new Frame(), { fin: fin && isLast, opcode: 0, mask });
    next.content = content.subarray(at, at + most);
    fragments.push(next);
  }
  return fragments;
}

module.exports = { fragmentsOf };
