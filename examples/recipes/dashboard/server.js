'use strict';

// A dashboard: what the WebSockets of this process do, live, for any number of viewers. public/ is the page. The samples
// are those of websockets/monitor, so `npx websockets top ws://localhost:3000/monitor` shows them as well. There is an
// echo server to look at: `npx websockets connect ws://localhost:3000/echo`.
//
//   INTERVAL   ms between two samples (1000)

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { Server } = require('websockets');
const { monitor } = require('websockets/monitor');

const PAGES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/dashboard.js': ['dashboard.js', 'text/javascript; charset=utf-8'],
  '/charts.js': ['charts.js', 'text/javascript; charset=utf-8'],
  '/units.js': ['units.js', 'text/javascript; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
};
const HEADERS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
};

const httpServer = http.createServer((req, res) => {
  const page = Object.hasOwn(PAGES, req.url) ? PAGES[req.url] : undefined;
  if (page === undefined) {
    res.writeHead(404, HEADERS).end();
    return;
  }
  const [file, type] = page;
  res.writeHead(200, { ...HEADERS, 'Content-Type': type }).end(fs.readFileSync(path.join(__dirname, 'public', file)));
});

/** Pages of this server, and programs that are no browser; an app of yours asks who it is, too. */
const isOurs = (origin) => {
  const { port } = httpServer.address();
  return origin === undefined || [`http://localhost:${port}`, `http://127.0.0.1:${port}`].includes(origin);
};

const echo = new Server({ url: 'ws://localhost/echo', origins: isOurs, pingInterval: 30_000 });
echo.on('message', (text, sid) => echo.send(sid, text));
echo.on('binary', (data, sid) => echo.send(sid, data));
echo.listen(httpServer);

const viewers = new Server({
  url: 'ws://localhost/monitor',
  origins: isOurs,
  pingInterval: 15_000,
  perMessageDeflate: true,
});
viewers.listen(httpServer);

for (const server of [echo, viewers]) server.on('error', (error) => console.error(`${error.code}: ${error.message}`));

monitor(viewers, { echo, viewers }, { interval: Number(process.env.INTERVAL ?? 1000) });

process.once('SIGINT', () => {
  echo.close();
  viewers.close(() => httpServer.close());
});

httpServer.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://localhost:${httpServer.address().port}`);
});
