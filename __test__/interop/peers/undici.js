'use strict';

const { Agent, WebSocket } = require('undici');
const { openWebSocket } = require('./web-socket');

const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });

/** @param {string} url @returns {Promise<object>} a connection of undici's WebSocket */
const connect = (url) => openWebSocket(WebSocket, url, { dispatcher });

module.exports = { connect, end: () => dispatcher.destroy() };
