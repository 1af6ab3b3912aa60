'use strict';

const { Base } = require('../..');
const { OldStream, listen } = require('./streams');
const { TEXT } = require('./frames');

/** @returns {object} an extension that appends its mark, by reading and by writing */
function appending(mark) {
  const append = (next, frame) => {
    if (frame.opcode === TEXT) frame.content = `${frame.content}${mark}`;
    next(null, frame);
  };
  return { read: append, write: append };
}

/** @returns {object} one that changes nothing, and whose `read` and `write` may be replaced */
function passing(functions) {
  const pass = (next, frame) => next(null, frame);
  return { read: pass, write: pass, ...functions };
}

/** @returns {object} a `Base` with these extensions, all of them on, and its stream */
function extended(extensions, { stream = new OldStream(), options, on = Object.keys(extensions), assign } = {}) {
  const base = new Base(options);
  base.extensions = extensions;
  const events = listen(base);
  const sid = base.assignSocket(stream, { extensions: on, ...assign });
  return { base, events, sid, stream };
}

/** @returns {string[]} what was emitted, by name */
const names = (events) => events.all.map(({ name }) => name);
/** @returns {string[]} the messages that were heard */
const messages = (events) => events.list('message').map(([text]) => text);

/** The next turn of the event loop: whatever was on its way within the process is there. */
const turn = () => new Promise(setImmediate);

module.exports = { appending, extended, messages, names, passing, turn };
