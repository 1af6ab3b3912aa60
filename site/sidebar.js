import fs from 'node:fs';
import path from 'node:path';

/** The guides in the order in which they are read; others stand after them. */
const GUIDES = [
  'getting-started',
  'installing',
  'recipes',
  'rooms',
  'several-machines',
  'deployment',
  'monitoring',
  'bundlers',
  'testing',
  'http2',
  'extensions',
  'migrating',
  'ws',
  'command',
];

/** @param {string} text Markdown @returns {string} its title */
const titleOf = (text) => /^# (.+)$/m.exec(text)[1].replaceAll('`', '');

/**
 * What stands beside each page: the documents, in groups.
 *
 * @param {string} root of the repository
 * @param {(page: string) => string} placeOf where the site has a document
 */
export function sidebar(root, placeOf) {
  const item = (page) => ({
    text: titleOf(fs.readFileSync(path.join(root, page), 'utf8')),
    link: `/${placeOf(page).replace(/(index)?\.md$/, '')}`,
  });
  const folder = (name) =>
    fs.existsSync(path.join(root, name))
      ? fs
          .readdirSync(path.join(root, name))
          .filter((file) => file.endsWith('.md'))
          .sort((a, b) => Number(b === 'README.md') - Number(a === 'README.md') || a.localeCompare(b))
          .map((file) => item(`${name}/${file}`))
      : [];
  const rank = ({ link }) => {
    const at = GUIDES.indexOf(link.replace('/guide/', ''));
    return at < 0 ? GUIDES.length : at;
  };
  const reference = fs
    .readdirSync(path.join(root, 'docs'))
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .map((file) => `docs/${file}`);
  const group = (text, items, collapsed = false) => ({ text, items, collapsed });
  return [
    group(
      'Guide',
      folder('docs/guide').sort((a, b) => rank(a) - rank(b)),
    ),
    group('API', folder('docs/api')),
    group('About', [...reference, 'SECURITY.md', 'CHANGELOG.md', 'examples/README.md'].map(item)),
    group('Inside', [...folder('docs/internals'), item('CONTRIBUTING.md')], true),
    group('Decisions', folder('docs/decisions'), true),
  ].filter(({ items }) => items.length > 0);
}
