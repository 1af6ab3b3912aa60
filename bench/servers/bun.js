'use strict';

/* global Bun */

const { broadcasts, deflates, excepts, publishes, ready, tls } = require('./common');

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  tls: tls ? { key: Bun.file(tls.key), cert: Bun.file(tls.cert) } : undefined,
  fetch(request, upgrader) {
    const topic = publishes ? new URL(request.url).pathname : 'all';
    return upgrader.upgrade(request, { data: { topic } }) ? undefined : new Response(null, { status: 426 });
  },
  websocket: {
    idleTimeout: 0,
    sendPings: false,
    maxPayloadLength: 16 * 1024 * 1024,
    backpressureLimit: 64 * 1024 * 1024,
    perMessageDeflate: deflates ? { compress: 'dedicated', decompress: 'dedicated' } : false,
    open: (ws) => ws.subscribe(ws.data.topic),
    message: (ws, message) => {
      if (broadcasts || publishes) {
        server.publish(ws.data.topic, message, deflates);
      } else {
        // What a WebSocket publishes goes to the others.
        if (excepts) ws.publish('all', message, deflates);
        ws.send(message, deflates);
      }
    },
  },
});
ready(server.port);
