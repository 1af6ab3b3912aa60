'use strict';

const passives = require('passive-voice');

/** One sentence may have one verb in the passive and another; a third one makes the reader ask who does all that. */
const MOST = 2;

/**
 * A rule of textlint: no heap of passive verbs in one sentence.
 *
 * @param {import('@textlint/types').TextlintRuleContext} context
 * @returns {import('@textlint/types').TextlintRuleReportHandler}
 */
function passiveHeap({ Syntax, RuleError, getSource, locator, report }) {
  return {
    [Syntax.Paragraph](node) {
      const text = getSource(node);
      let from = 0;
      for (const sentence of text.split(/(?<=[.:;?!])\s/)) {
        const found = passives(sentence);
        if (found.length > MOST) {
          const message = `${found.length} passive verbs in one sentence: say who does it`;
          report(node, new RuleError(message, { padding: locator.at(from + found[0].index) }));
        }
        from += sentence.length + 1;
      }
    },
  };
}

module.exports = passiveHeap;
