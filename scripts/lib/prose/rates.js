'use strict';

/**
 * How often these words stand in 1,000 of the docs that we like to read: of ws, undici, rustls and quinn.
 *
 * @type {Record<string, [least: number, most: number]>}
 */
const RANGES = { if: [3, 10], when: [3, 10], you: [3, 10], where: [0, 1.8] };

/** @param {string} markdown @returns {string[]} its words in small letters, without those of code and links */
function wordsOf(markdown) {
  const prose = markdown
    .replaceAll(/^\s*(```+|~~~+)[\s\S]*?^\s*\1/gm, '')
    .replaceAll(/(`+)[^`]*\1/g, ' x ')
    .replaceAll(/\]\([^)]*\)|<[^>]*>|https?:\S+/g, ' ');
  return prose.toLowerCase().match(/[a-z][a-z'’-]*/g) ?? [];
}

/**
 * @param {string[]} texts Markdown
 * @returns {{ word: string, rate: number, least: number, most: number, isFine: boolean }[]} the rate of each word of
 *   ours, for 1,000 of all texts together
 */
function ratesOf(texts) {
  const words = texts.flatMap(wordsOf);
  return Object.entries(RANGES).map(([word, [least, most]]) => {
    // "your" and "you'll" speak to the reader as well.
    const forms = word === 'you' ? /^you(r|rs|rself|['’]\w+)?$/ : new RegExp(`^${word}$`);
    const rate = (1000 * words.filter((one) => forms.test(one)).length) / Math.max(words.length, 1);
    return { word, rate, least, most, isFine: rate >= least && rate <= most };
  });
}

module.exports = { ratesOf, wordsOf };
