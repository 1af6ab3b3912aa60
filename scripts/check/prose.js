'use strict';

// node scripts/check/prose.js [file…]: reads documents, doc comments and messages for words, sentences and passive verbs
// that make them hard to read, by prose.yml and lib/prose. Counts files, and how often documents say if, when and you.

const fs = require('node:fs');
const path = require('node:path');
const { TextlintKernel } = require('@textlint/kernel');
const markdown = require('@textlint/textlint-plugin-markdown').default;
const words = require('textlint-rule-prh').default;
const sentenceLength = require('textlint-rule-sentence-length').default;
const { markdownOf } = require('../lib/prose/comments');
const { code, documents } = require('../lib/prose/files');
const passiveHeap = require('../lib/prose/passive-heap');
const { ratesOf } = require('../lib/prose/rates');
const report = require('../lib/report');
const root = require('../lib/root');

const kernel = new TextlintKernel();
const OPTIONS = {
  ext: '.md',
  plugins: [{ pluginId: 'markdown', plugin: markdown }],
  rules: [
    { ruleId: 'words', rule: words, options: { rulePaths: [path.join(root, 'prose.yml')] } },
    // Characters: some 45 words.
    { ruleId: 'sentence-length', rule: sentenceLength, options: { max: 260 } },
    { ruleId: 'passive-heap', rule: passiveHeap },
  ],
};

/** @param {string} file @returns {string} what it says, as Markdown */
const markdownIn = (file) => markdownOf(file, fs.readFileSync(path.resolve(root, file), 'utf8'));

/** @param {string} file @returns {Promise<string[]>} what is hard to read in it */
async function read(file) {
  const { messages } = await kernel.lintText(markdownIn(file), { ...OPTIONS, filePath: path.resolve(root, file) });
  return messages.map(({ line, ruleId, message }) => `${file}:${line}: ${ruleId}: ${message.split('\n')[0]}`);
}

report(async () => {
  const chosen = process.argv.slice(2);
  const files = chosen.length > 0 ? chosen : [...documents(), ...code()];
  const found = [];
  let failed = 0;
  for (const file of files) {
    const lines = await read(file);
    found.push(...lines);
    if (lines.length > 0) failed++;
  }
  // A word has a rate in much text alone.
  const rates = chosen.length > 0 ? [] : ratesOf(documents().map(markdownIn));
  for (const { word, rate, least, most, isFine } of rates) {
    found.push(`"${word}": ${rate.toFixed(1)} in 1,000 words${isFine ? '' : `, which should be ${least} to ${most}`}`);
    if (!isFine) failed++;
  }
  return { passed: files.length + rates.length - failed, failed, output: found.join('\n') };
});
