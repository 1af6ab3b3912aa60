'use strict';

// Fastify has its HTTP server in `server`, and closes the sockets with its own `close`.

const fastify = require('fastify')();
const { Server } = require('websockets');

const sockets = new Server({ url: 'ws://localhost/live' });
sockets.on('message', (text, sid) => sockets.send(sid, `you said ${text}`));
sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));
sockets.listen(fastify.server);

fastify.get('/', async () => `${sockets.connections} are listening\n`);
fastify.post('/say', async (req, reply) => {
  sockets.send(String(req.body)); // to all
  return reply.code(204).send();
});

// Before Fastify waits for its HTTP server, which waits for the connections.
fastify.addHook('preClose', (done) => sockets.close(done));
process.once('SIGTERM', () => fastify.close());

fastify.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }).then(() => {
  console.log(`http://localhost:${fastify.server.address().port}`);
});
