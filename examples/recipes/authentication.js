'use strict';

// Who is it? Decided at the upgrade, before there is a connection: a session cookie, and the origin, since
// browsers send cookies along whatever page opens the WebSocket (RFC 6455 §10.2).
//
//   ORIGIN   the origin of the app's pages

const { createHmac, randomBytes, timingSafeEqual } = require('node:crypto');
const http = require('node:http');
const { Server } = require('websockets');

const { ORIGIN = 'http://localhost:3000', PORT = '3000' } = process.env;
const SECRET = randomBytes(32); // an app would keep it: with each start all sessions are over here

const mac = (user) => createHmac('sha256', SECRET).update(user).digest();

/** @returns {string | null} who the cookie of a request says it is */
function userOf(req) {
  const cookie = /(?:^|; )session=([\w-]+)\.([\w-]{43})(?:;|$)/.exec(req.headers.cookie ?? '');
  if (cookie === null) return null;
  const user = Buffer.from(cookie[1], 'base64url').toString();
  return timingSafeEqual(Buffer.from(cookie[2], 'base64url'), mac(user)) ? user : null;
}

const httpServer = http.createServer((req, res) => {
  const login = /^\/login\/([a-z]+)$/.exec(req.url); // stands for a real login, with a password
  if (req.method !== 'POST' || login === null) {
    res.writeHead(404).end('POST /login/ada\n');
    return;
  }
  const value = `${Buffer.from(login[1]).toString('base64url')}.${mac(login[1]).toString('base64url')}`;
  res.writeHead(204, { 'Set-Cookie': `session=${value}; HttpOnly; SameSite=Strict; Path=/` }).end();
});

const sockets = new Server({
  origins: ORIGIN,
  shouldAccept: (req) => userOf(req) !== null || { status: 401, body: 'Log in first: POST /login/ada\n' },
});
const users = new Map(); // sid → user

sockets.on('open', (sid, req) => {
  users.set(sid, userOf(req));
  sockets.send(sid, `hello ${users.get(sid)}`);
});
sockets.on('message', (text, sid) => sockets.send(`${users.get(sid)}: ${text}`));
sockets.on('close', (reason, sid) => users.delete(sid));
sockets.on('error', (error) => console.error(`${error.code}: ${error.message}`));
sockets.listen(httpServer);

httpServer.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`http://localhost:${httpServer.address().port}`);
});
