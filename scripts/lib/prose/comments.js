'use strict';

const { messagesOf } = require('./messages');

/** Tags whose names come before their descriptions. */
const NAMED = new Set(['param', 'property', 'template']);
/** Tags that say nothing to people. */
const OF_TYPES = new Set([
  'callback',
  'extends',
  'implements',
  'import',
  'overload',
  'satisfies',
  'this',
  'type',
  'typedef',
]);

/** @param {string} text @returns {string} its line ends alone */
const lineEnds = (text) => text.replaceAll(/[^\n]/g, '');

/**
 * @param {string} text
 * @param {number} from where a brace opens
 * @returns {number} where the text after its closing brace begins
 */
function afterBraces(text, from) {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at + 1;
  }
  return text.length;
}

/**
 * @param {string} comment of JSDoc, without its asterisks
 * @returns {string} the same without the types of its tags, which may be several lines long
 */
function withoutTypes(comment) {
  let shown = '';
  let rest = comment;
  for (let tag = /@\w+\s*\{/.exec(rest); tag !== null; tag = /@\w+\s*\{/.exec(rest)) {
    const brace = tag.index + tag[0].length - 1;
    const end = afterBraces(rest, brace);
    shown += rest.slice(0, brace) + lineEnds(rest.slice(brace, end));
    rest = rest.slice(end);
  }
  return shown + rest;
}

/**
 * @param {string} line of JSDoc, without its asterisk and types
 * @returns {string} the same as Markdown: what a tag says is a list item, which is a block of its own
 */
function ofLine(line) {
  const text = line.trim();
  const [whole, tag] = /^@(\w+)\s*/.exec(text) ?? [];
  if (whole === undefined) return line;
  const said = text.slice(whole.length);
  const description = NAMED.has(tag) ? said.replace(/^(?:\[[^\]]*\]|\S+)\s*(?:- )?/, '') : said;
  return OF_TYPES.has(tag) || description === '' ? '' : `- ${description}`;
}

/** @param {string} comment with its delimiters @returns {string} Markdown of as many lines */
function ofComment(comment) {
  const inner = comment.slice(3, -2).replaceAll(/\n[ \t]*\*? ?/g, '\n');
  // On one line, each tag would be the end of the sentence before it.
  const tagged = inner.includes('\n')
    ? inner
    : inner.replaceAll(/\{@\w+ ([^}]*)\}/g, '`$1`').replace(/\s@(?:param|returns|throws) [\s\S]*/, '');
  return withoutTypes(tagged.replaceAll(/\{@link ([^}]*)\}/g, '`$1`'))
    .split('\n')
    .map(ofLine)
    .join('\n');
}

/** @param {string} text of JavaScript or TypeScript @returns {string} its JSDoc comments as Markdown */
function ofJavaScript(text) {
  let markdown = '';
  let at = 0;
  for (const { 0: comment, index } of text.matchAll(/\/\*\*(?!\/)[\s\S]*?\*\//g)) {
    markdown += lineEnds(text.slice(at, index)) + ofComment(comment);
    at = index + comment.length;
  }
  return markdown + lineEnds(text.slice(at));
}

/**
 * @param {string} text of JavaScript
 * @param {string} comments its comments as Markdown
 * @returns {string} the same with its messages, each a list item of whole sentences
 */
function withMessages(text, comments) {
  const lines = comments.split('\n');
  for (const { line, message } of messagesOf(text)) lines[line] = `${lines[line].trim() || '-'} ${message}.`;
  return lines.join('\n');
}

/** @param {string} text of Rust @returns {string} its doc comments as Markdown */
const ofRust = (text) =>
  text
    .split('\n')
    .map((line) => /^\s*\/\/[/!] ?(.*)$/.exec(line)?.[1] ?? '')
    .join('\n');

/**
 * What a file says to people: a document as it is, of code its doc comments, and of JavaScript its messages too.
 *
 * @param {string} file its name
 * @param {string} text what is in it
 * @returns {string} Markdown, in which each line stands where it does in the file
 */
function markdownOf(file, text) {
  const unix = text.replaceAll('\r\n', '\n');
  if (file.endsWith('.md')) return unix;
  if (file.endsWith('.rs')) return ofRust(unix);
  return file.endsWith('.js') ? withMessages(unix, ofJavaScript(unix)) : ofJavaScript(unix);
}

module.exports = { markdownOf };
