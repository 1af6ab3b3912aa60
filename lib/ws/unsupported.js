'use strict';

/**
 * A class of `ws` whose work the engine does: there is nothing of it to use by itself.
 *
 * @param {string} name
 * @param {string} instead what to use
 */
function unsupported(name, instead) {
  return {
    [name]: class {
      constructor() {
        throw new Error(`${name} is not there: the engine does its work. Use ${instead}`);
      }
    },
  }[name];
}

const Receiver = unsupported('Receiver', 'the events of a WebSocket, or Frame of websockets to read single frames');
const PerMessageDeflate = unsupported('PerMessageDeflate', 'the perMessageDeflate option');
Object.defineProperty(PerMessageDeflate, 'extensionName', { value: 'permessage-deflate' });

module.exports = { PerMessageDeflate, Receiver };
