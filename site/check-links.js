// node check-links.js: each link of the built site leads to a page, a file or a heading of it. VitePress itself finds
// pages that are missing, but no headings.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('.vitepress/dist', import.meta.url));
const BASE = process.env.SITE_BASE ?? '/';

/** @type {Map<string, string>} each page by its address */
const pages = new Map(
  fs
    .readdirSync(DIST, { recursive: true })
    .filter((file) => file.endsWith('.html'))
    .map((file) => [
      `/${file.replaceAll('\\', '/')}`.replace(/(\/)?(?:index)?\.html$/, '$1'),
      fs.readFileSync(path.join(DIST, file), 'utf8'),
    ]),
);

/** @param {string} html @returns {Set<string>} what a link can lead to in it */
const idsOf = (html) => new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
const ids = new Map([...pages].map(([address, html]) => [address, idsOf(html)]));

/** @param {string} href @param {string} from the address of its page @returns {boolean} whether it leads nowhere */
function isBroken(href, from) {
  const { pathname, hash } = new URL(href, `http://site${BASE.slice(0, -1)}${from}`);
  const address = decodeURI(pathname).replace(BASE, '/');
  const found = ids.get(address);
  if (found === undefined) return !fs.existsSync(path.join(DIST, address)) || address.endsWith('/');
  return hash !== '' && !found.has(decodeURIComponent(hash.slice(1)));
}

let count = 0;
const broken = [];
for (const [address, html] of pages) {
  for (const [, href] of html.matchAll(/\s(?:href|src)="([^"]+)"/g)) {
    if (/^[a-z][a-z\d+.-]*:|^\/\//i.test(href)) continue;
    count += 1;
    if (isBroken(href.replaceAll('&amp;', '&'), address)) broken.push(`${address}: ${href}`);
  }
}
if (pages.size < 20 || count < 500) broken.push(`only ${pages.size} pages and ${count} links were found`);
console.log([...broken, `${pages.size} pages, ${count} links`].join('\n'));
console.log(`${count - broken.length} passed, ${broken.length} failed`);
process.exitCode = broken.length === 0 ? 0 : 1;
