'use strict';

const extension = require('./extension.js');
const { Sender } = require('./sender.js');
const { WebSocketServer } = require('./server.js');
const { createWebSocketStream } = require('./stream.js');
const subprotocol = require('./subprotocol.js');
const { PerMessageDeflate, Receiver } = require('./unsupported.js');
const { CloseEvent, ErrorEvent, Event, MessageEvent } = require('./events.js');
const { WebSocket } = require('./web-socket.js');

module.exports = Object.assign(WebSocket, {
  CloseEvent,
  ErrorEvent,
  Event,
  MessageEvent,
  PerMessageDeflate,
  Receiver,
  Sender,
  Server: WebSocketServer,
  WebSocket,
  WebSocketServer,
  createWebSocketStream,
  extension,
  subprotocol,
});
