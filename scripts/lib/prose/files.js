'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('../root');

/** What the gate reads beside the types: folders of documents, and of code. */
const DOCUMENTS = ['.', '__test__/soak', 'bench', 'docs', 'examples', 'fuzz', 'npm'];
const CODE = ['lib', 'scripts', 'src'];

/** @param {string} folder @param {boolean} recursive @returns {string[]} its files, relative to the root */
function filesOf(folder, recursive) {
  const found = fs.readdirSync(path.join(root, folder), { recursive, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
  return files
    .map((file) => path.relative(root, file).replaceAll('\\', '/'))
    .filter((file) => !file.includes('node_modules/'));
}

/** @returns {string[]} the documents that people read first: those that speak to users */
const documents = () =>
  DOCUMENTS.flatMap((folder) => filesOf(folder, folder === 'docs' || folder === 'npm')).filter((file) =>
    file.endsWith('.md'),
  );

/** @returns {string[]} the types by hand, and the code whose doc comments are read */
const code = () => [
  ...filesOf('.', false).filter((file) => /\.d\.m?ts$/.test(file)),
  ...CODE.flatMap((folder) => filesOf(folder, true)).filter((file) => /\.(?:js|ts|rs)$/.test(file)),
];

module.exports = { code, documents };
