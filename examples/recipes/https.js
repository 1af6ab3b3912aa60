'use strict';

// wss://: the I/O threads do the TLS, and carry the connections.
//
//   KEY, CERT   files with the private key and the certificate, in PEM
//
// Behind a proxy that ends TLS, such as nginx, listen with node:http.

const fs = require('node:fs');
const { Server, createSecureServer } = require('websockets');

const { KEY, CERT, PORT = '3000' } = process.env;
if (!KEY || !CERT) {
  console.error('Say where the private key and the certificate are: KEY=key.pem CERT=cert.pem node https.js');
  process.exit(1);
}

const httpsServer = createSecureServer({ key: fs.readFileSync(KEY), cert: fs.readFileSync(CERT) }, (req, res) => {
  res.end('hello over HTTPS\n');
});

const sockets = new Server();
sockets.on('open', (sid) => sockets.send(sid, `hello over TLS, by the ${sockets.sockets[sid].transport} transport`));
sockets.on('message', (text, sid) => sockets.send(sid, text));
sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));
sockets.listen(httpsServer);

httpsServer.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`https://localhost:${httpsServer.address().port}`);
});
