import WebSocket = require('websockets/ws');

export = WebSocket;
