'use strict';

/**
 * Connects by the WebSocket that browsers have. It is handed to a page as its source: it uses nothing
 * from around it.
 *
 * @param {typeof WebSocket} WebSocket
 * @param {string} url
 * @param {object} [options] what else the constructor takes
 * @returns {Promise<object>} the connection
 */
function openWebSocket(WebSocket, url, options) {
  const socket = options === undefined ? new WebSocket(url) : new WebSocket(url, options);
  socket.binaryType = 'arraybuffer';
  const messages = [];
  let closed = null;
  const waiting = [];
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  socket.onmessage = ({ data }) => {
    messages.push(data);
    wake();
  };
  socket.onclose = ({ code, reason }) => {
    closed = { code, reason };
    wake();
  };
  const until = async (test) => {
    while (!test()) await new Promise((resolve) => waiting.push(resolve));
  };
  const next = async () => {
    await until(() => messages.length > 0 || closed !== null);
    if (messages.length === 0) throw new Error(`closed with ${closed.code} "${closed.reason}"`);
    return messages.shift();
  };
  /** Characters of that many bytes go through `String.fromCharCode` at once. */
  const STEP = 0x8000;
  const toWire = (data) => {
    if (typeof data === 'string') return ['text', data];
    const bytes = new Uint8Array(data);
    let latin1 = '';
    for (let i = 0; i < bytes.length; i += STEP) latin1 += String.fromCharCode(...bytes.subarray(i, i + STEP));
    return ['binary', btoa(latin1)];
  };
  const fromWire = ([type, data]) =>
    type === 'text' ? data : Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const connection = {
    async send(all) {
      for (const message of all) socket.send(fromWire(message));
    },
    async receive(count) {
      const received = [];
      while (received.length < count) received.push(toWire(await next()));
      return received;
    },
    async echo(count) {
      for (let i = 0; i < count; i++) socket.send(await next());
    },
    close(code, reason) {
      socket.close(code, reason);
      return connection.closed();
    },
    async closed() {
      await until(() => closed !== null);
      return closed;
    },
  };
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(Object.assign(connection, { extensions: socket.extensions }));
    socket.onerror = (event) => reject(new Error(`no WebSocket: ${event.message ?? 'the browser does not say why'}`));
  });
}

module.exports = { openWebSocket };
