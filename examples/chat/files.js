'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** What may be asked for, and nothing else: a path in a request never becomes a path on the disk. */
const TABLE = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/client.js': ['client.js', 'text/javascript; charset=utf-8'],
  '/connection.js': ['connection.js', 'text/javascript; charset=utf-8'],
  '/log.js': ['log.js', 'text/javascript; charset=utf-8'],
  '/outbox.js': ['outbox.js', 'text/javascript; charset=utf-8'],
  '/people.js': ['people.js', 'text/javascript; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
};

const HEADERS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const pages = new Map(
  Object.entries(TABLE).map(([url, [file, type]]) => [
    url,
    { type, body: fs.readFileSync(path.join(__dirname, 'public', file)) },
  ]),
);

/**
 * Answers a plain HTTP request with one of the page's files.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 */
function files(req, res) {
  const refuse = (status, text, headers = {}) => {
    res.writeHead(status, { ...HEADERS, ...headers, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  };
  const page = pages.get(req.url.split('?', 1)[0]);
  if (!page) {
    refuse(404, 'Not found');
  } else if (req.method !== 'GET' && req.method !== 'HEAD') {
    refuse(405, 'Method not allowed', { Allow: 'GET, HEAD' });
  } else {
    res.writeHead(200, { ...HEADERS, 'Content-Type': page.type, 'Content-Length': page.body.length });
    res.end(req.method === 'HEAD' ? undefined : page.body);
  }
}

module.exports = files;
