'use strict';

// The pictures of the documents: drawn by Graphviz from the .dot files beside them, for light and for dark pages.

const fs = require('node:fs');
const path = require('node:path');
const root = require('./root');

/** Where the sources are, and what is drawn of them. */
const FOLDER = 'docs/internals/pictures';

/** The colours that a source names with a dollar sign, by theme. */
const THEMES = {
  light: {
    ink: '#1f2328',
    line: '#59636e',
    box: '#ffffff',
    shared: '#fff8c5',
    javascript: '#d4a72c',
    javascriptPaper: '#fffdf0',
    rust: '#bc4c00',
    rustPaper: '#fff4ee',
  },
  dark: {
    ink: '#e6edf3',
    line: '#9198a1',
    box: '#161b22',
    shared: '#3b3210',
    javascript: '#9e7c1a',
    javascriptPaper: '#1c1a10',
    rust: '#c2611f',
    rustPaper: '#23150d',
  },
};

/**
 * @param {string} source
 * @param {Record<string, string>} colours
 * @returns {string} the source with colours in place of their names
 */
function painted(source, colours) {
  return source.replace(/\$(\w+)/g, (_, name) => {
    if (!Object.hasOwn(colours, name)) throw new Error(`no colour $${name}`);
    return colours[name];
  });
}

/** @returns {Promise<Map<string, string>>} each picture: its file, relative to the root, and its SVG */
async function draw() {
  const { instance } = await import('@viz-js/viz');
  const viz = await instance();
  const pictures = new Map();
  for (const name of fs.readdirSync(path.join(root, FOLDER)).filter((file) => file.endsWith('.dot'))) {
    const source = fs.readFileSync(path.join(root, FOLDER, name), 'utf8').replaceAll('\r\n', '\n');
    for (const [theme, colours] of Object.entries(THEMES)) {
      const svg = viz.renderString(painted(source, colours), { format: 'svg' });
      pictures.set(`${FOLDER}/${path.basename(name, '.dot')}.${theme}.svg`, svg);
    }
  }
  return pictures;
}

module.exports = { FOLDER, draw };
