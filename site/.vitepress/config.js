import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { sidebar } from '../sidebar.js';

const require = createRequire(import.meta.url);
const { relinked } = require('../../scripts/lib/package/links.js');
const slug = require('../../scripts/lib/slug.js');
const { homepage } = require('../../package.json');

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ICON = fs.readFileSync(path.join(ROOT, 'site/icon.svg'), 'utf8');
const BASE = process.env.SITE_BASE ?? '/';
const REPOSITORY = homepage.replace('#readme', '');
/** Documents outside of docs/ that are pages as well. */
const MORE = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md', 'site/index.md'];

/** @param {string} file relative to the root @returns {boolean} whether it is a page of the site */
const isPage = (file) => MORE.includes(file) || (/^docs\/.*\.md$/.test(file) && fs.existsSync(path.join(ROOT, file)));

/** @param {string} page a document, relative to the root @returns {string} its place in the site */
function placeOf(page) {
  if (page === 'site/index.md') return 'index.md';
  return page
    .replace(/^docs\//, '')
    .replace(/README\.md$/, 'index.md')
    .toLowerCase();
}

/** A picture of GitHub's, in one file for light pages and one for dark ones. */
const PICTURE =
  /<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*<img ([^>]*)src="([^"]+)"([^>]*)>\s*<\/picture>/g;

/**
 * The picture that fits the theme of the page, which need not be that of the system.
 *
 * @param {string} _
 * @param {string} dark
 * @param {string} before
 * @param {string} light
 * @param {string} after
 * @returns {string}
 */
const byTheme = (_, dark, before, light, after) =>
  ['light', 'dark']
    .map((theme) => `<img class="only-${theme}" ${before}src="./${theme === 'light' ? light : dark}"${after}>`)
    .join('\n');

/**
 * Links lead to pages of the site, and to the repository for what the site does not have.
 *
 * @param {import('markdown-it')} md
 */
function relink(md) {
  md.core.ruler.before('normalize', 'relink', (state) => {
    if (state.env.path === undefined) return;
    const name = path.relative(ROOT, state.env.path).replaceAll('\\', '/');
    state.src = relinked(state.src.replace(PICTURE, byTheme), name, (file) => {
      if (/\.(?:svg|png)$/.test(file)) return undefined;
      return isPage(file) ? `/${placeOf(file)}` : `${REPOSITORY}/blob/main/${file}`;
    });
  });
}

export default defineConfig({
  title: 'websockets',
  description: 'Many WebSocket connections in one EventEmitter, carried by Rust off the JavaScript thread',
  lang: 'en',
  base: BASE,
  srcDir: ROOT,
  // What it finds is `docs/` and MORE; the rest of a checkout is large.
  srcExclude: ['README.md', '{__test__,bench,fuzz,npm,lib,src,scripts,target,tests,dist,.*}/**'],
  rewrites: placeOf,
  cleanUrls: true,
  // The pages are outside of this folder, and Vue is in it.
  vite: {
    publicDir: path.join(ROOT, 'docs/internals/pictures'),
    resolve: {
      alias: [{ find: /^vue(?=$|\/server-renderer$)/, replacement: path.dirname(require.resolve('vue/package.json')) }],
    },
  },
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}`, type: 'image/svg+xml' }]],
  markdown: {
    anchor: { slugify: slug },
    theme: { light: 'github-light', dark: 'github-dark' },
    config: relink,
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/:path` },
    nav: [
      { text: 'Guide', link: '/guide/getting-started', activeMatch: '/guide/' },
      { text: 'API', link: '/api/', activeMatch: '/api' },
      { text: 'Performance', link: '/performance' },
    ],
    sidebar: sidebar(ROOT, placeOf),
    footer: { message: 'MIT License' },
  },
});
