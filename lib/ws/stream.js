'use strict';

const { Duplex } = require('node:stream');

const { nextTick } = require('../util/clock.js');
const { CLOSED, CONNECTING } = require('./ready-state.js');

/** @typedef {import('./types').WebSocketObject} WebSocket */

/**
 * A Duplex over a WebSocket: each message is a chunk, and each chunk becomes a message.
 *
 * @param {WebSocket} webSocket
 * @param {import('node:stream').DuplexOptions} [options] of the Duplex
 * @returns {Duplex}
 */
function createWebSocketStream(webSocket, options) {
  /** Whether the WebSocket is dropped if the stream is destroyed: not once it has closed by itself. */
  let terminates = true;

  /** Runs once it is open. @param {() => void} act */
  const whenOpen = (act) => {
    webSocket.readyState === CONNECTING ? webSocket.once('open', act) : act();
  };

  const duplex = new Duplex({
    ...options,
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false,

    read() {
      if (webSocket.isPaused) webSocket.resume();
    },

    write(chunk, _encoding, callback) {
      whenOpen(() => webSocket.send(chunk, callback));
    },

    final(callback) {
      whenOpen(() => {
        if (webSocket._socket === null) {
          // It could not be opened: the error is on its way.
          return;
        }
        if (webSocket.readyState === CLOSED) {
          callback();
          return;
        }
        webSocket.once('close', () => callback());
        webSocket.close();
      });
    },

    destroy(error, callback) {
      if (webSocket.readyState === CLOSED) {
        callback(error);
        nextTick(emitClose, duplex);
        return;
      }
      let isReported = false;
      webSocket.once('error', (reason) => {
        isReported = true;
        callback(reason);
      });
      webSocket.once('close', () => {
        if (!isReported) callback(error);
        nextTick(emitClose, duplex);
      });
      if (terminates) webSocket.terminate();
    },
  });

  webSocket.on('message', (data, isBinary) => {
    const chunk = !isBinary && duplex.readableObjectMode ? String(data) : data;
    if (!duplex.push(chunk)) webSocket.pause();
  });
  webSocket.once('error', (error) => {
    if (duplex.destroyed) return;
    // What it has written is to reach the peer still.
    terminates = false;
    duplex.destroy(error);
  });
  webSocket.once('close', () => {
    if (!duplex.destroyed) duplex.push(null);
  });
  duplex.on('end', () => destroyIfOver(duplex));
  duplex.on('finish', () => destroyIfOver(duplex));
  duplex.on('error', function failed(error) {
    duplex.off('error', failed);
    duplex.destroy();
    if (duplex.listenerCount('error') === 0) duplex.emit('error', error);
  });
  return duplex;
}

/** @param {Duplex} duplex both of whose sides may be over */
function destroyIfOver(duplex) {
  if (!duplex.destroyed && duplex.readableEnded && duplex.writableFinished) duplex.destroy();
}

/** @param {Duplex} duplex */
function emitClose(duplex) {
  duplex.emit('close');
}

module.exports = { createWebSocketStream };
