'use strict';

// An app of the 2013 module: its own answer to the upgrade, `assignSocket`, and the events and methods of
// WebSocketBase. Nothing in it was changed; docs/guide/migrating.md goes through it line by line.

var crypto = require('crypto');
var http = require('http');
var util = require('util');
var WebSocketBase = require('websockets').Base;

function Chat(options) {
  WebSocketBase.call(this, options);
  this.on('open', function (sid) {
    this.send(sid, 'welcome to ' + this.url.href);
  });
  this.on('message', function (message, sid) {
    if (message === 'leave') return this.close(sid, 'you asked for it');
    if (message === 'ping') return this.ping([sid], 'are you there?');
    this.send(message);
  });
  this.on('pong', function (message, sid) {
    this.send([sid], 'pong: ' + message);
  });
  this.on('close', function (reason) {
    this.send('somebody left: ' + reason);
  });
  this.on('error', function (error) {
    console.error(error.message);
  });
}
util.inherits(Chat, WebSocketBase);

var chat = new Chat({ url: 'ws://example.com/chat', maxConnections: 100, timeout: 60000 });

var server = http.createServer(function (req, res) {
  res.writeHead(426, { Upgrade: 'websocket' });
  res.end();
});
server.on('upgrade', function (req, socket) {
  var hash = crypto.createHash('sha1');
  hash.update(req.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\n' +
      'Upgrade: websocket\r\n' +
      'Connection: Upgrade\r\n' +
      'Sec-WebSocket-Accept: ' +
      hash.digest('base64') +
      '\r\n\r\n',
  );
  chat.assignSocket(socket);
});
server.listen(Number(process.env.PORT || 3000), '127.0.0.1', function () {
  console.log('ws://localhost:' + server.address().port);
});
