'use strict';

const uws = require(process.env.UWS_BINARY || '@btc-vision/uwebsockets.js');
const { broadcasts, decodes, deflates, excepts, publishes, ready, tls } = require('./common');

const app = tls ? uws.SSLApp({ key_file_name: tls.key, cert_file_name: tls.cert }) : uws.App();

app.ws('/*', {
  // Both with context, as `ws` has them.
  compression: deflates ? uws.DEDICATED_COMPRESSOR | uws.DEDICATED_DECOMPRESSOR : uws.DISABLED,
  idleTimeout: 0,
  maxPayloadLength: 16 * 1024 * 1024,
  maxBackpressure: 64 * 1024 * 1024,
  upgrade: (res, req, context) =>
    res.upgrade(
      { topic: publishes ? req.getUrl() : 'all' },
      req.getHeader('sec-websocket-key'),
      req.getHeader('sec-websocket-protocol'),
      req.getHeader('sec-websocket-extensions'),
      context,
    ),
  open: (ws) => ws.subscribe(ws.getUserData().topic),
  message: (ws, data, binary) => {
    const message = decodes && !binary ? Buffer.from(data).toString() : data;
    if (broadcasts || publishes) {
      app.publish(ws.getUserData().topic, message, binary, deflates);
    } else {
      // What a WebSocket publishes goes to the others.
      if (excepts) ws.publish('all', message, binary, deflates);
      ws.send(message, binary, deflates);
    }
  },
});
app.listen('127.0.0.1', 0, (socket) => ready(uws.us_socket_local_port(socket)));
