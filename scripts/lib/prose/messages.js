'use strict';

const ts = require('typescript');

/** A string of fewer words is a name, or a part of something. */
const LEAST_WORDS = 4;

/**
 * @param {ts.Node} node
 * @returns {string | undefined} the text of a string or template, in which an expression is one word
 */
function textOf(node) {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `x${literal.text}`).join('');
}

/**
 * The messages of code: its strings of several words, which are those of errors, warnings and the command.
 *
 * @param {string} text of JavaScript
 * @returns {{ line: number, message: string }[]} each with its line, from 0
 */
function messagesOf(text) {
  const source = ts.createSourceFile('file.js', text, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS);
  /** @type {{ line: number, message: string }[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const message = textOf(node);
    if (message !== undefined && message.trim().split(/\s+/).length >= LEAST_WORDS) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      found.push({ line, message: message.replaceAll(/\s+/g, ' ').trim() });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

module.exports = { messagesOf };
