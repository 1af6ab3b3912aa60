'use strict';

const { randomText, seeded } = require('../support/random');

/** What an empty message is in a transcript: it has no room for a number. */
const EMPTY_TEXT = -1;
const EMPTY_BINARY = -2;

const HEADER = /^([a-z]+):(\d+):([a-z]):(\d+):/;
/** No header is longer. */
const HEADER_BYTES = 48;

/** @param {(below: number) => number} random @param {number} count @param {number} from @param {number} range */
function letters(random, count, from, range) {
  let text = '';
  for (let i = 0; i < count; i++) text += String.fromCharCode(from + random(range));
  return text;
}

/** @param {(below: number) => number} random @param {number} length in code units @returns {string} words that come again */
function words(random, length) {
  const known = Array.from({ length: 200 }, () => letters(random, 2 + random(9), 0x61, 26));
  const chosen = [];
  for (let size = 0; size < length; size += chosen.at(-1).length + 1) chosen.push(known[random(known.length)]);
  return chosen.join(' ');
}

/**
 * Messages that say who has sent them and as which number; all that follows can be made anew by
 * that and the seed. So the receiver compares each with what it should be, whole.
 */
class Contents {
  /** @param {number} seed of the run: the same in all its processes */
  constructor(seed) {
    const random = seeded(seed);
    const bytes = Buffer.alloc(1 << 20);
    for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE(random(0xffffffff), i);
    const zeros = Buffer.alloc(1 << 20);
    for (let i = 0; i < zeros.length; i += 1 + random(300)) zeros[i] = random(256);
    this.pools = {
      a: letters(random, 1 << 20, 0x20, 0x5f),
      l: letters(random, 1 << 19, 0xa0, 0x60),
      c: letters(random, 1 << 18, 0x4e00, 0x5000),
      m: randomText(random, 1 << 18),
      r: words(random, 1 << 20),
      b: bytes,
      z: zeros,
    };
  }

  /**
   * @param {(below: number) => number} random what kind it is, and how large
   * @param {string} sender
   * @param {number} id the sender's number for it
   * @param {number} [most] units of its body at most
   * @returns {{ data: string | Buffer, id: number }} with the number that goes into transcripts
   */
  make(random, sender, id, most = 1 << 20) {
    const kind = 'alcmrrbbz'[random(9)];
    if (random(50) === 0) {
      return 'bz'.includes(kind) ? { data: Buffer.alloc(0), id: EMPTY_BINARY } : { data: '', id: EMPTY_TEXT };
    }
    // All orders of magnitude as often, but for the largest.
    const magnitude = random(8) === 0 ? random(21) : random(15);
    const size = Math.min((1 << magnitude) + random(1 << magnitude), most, this.pools[kind].length);
    return { data: this.#text(sender, id, kind, size), id };
  }

  /**
   * @param {string | Buffer} data
   * @param {string} sender who alone can have sent it
   * @returns {number} its number, `NaN` where it is not what was sent
   */
  idOf(data, sender) {
    if (data.length === 0) return typeof data === 'string' ? EMPTY_TEXT : EMPTY_BINARY;
    const start = typeof data === 'string' ? data.slice(0, HEADER_BYTES) : data.toString('latin1', 0, HEADER_BYTES);
    const [, from, id, kind, size] = HEADER.exec(start) ?? [];
    const pool = this.pools[kind];
    if (from !== sender || pool === undefined || Number(size) > pool.length) return NaN;
    const due = this.#text(from, Number(id), kind, Number(size));
    const isSame = typeof data === 'string' ? data === due : Buffer.isBuffer(due) && data.equals(due);
    return isSame ? Number(id) : NaN;
  }

  #text(sender, id, kind, size) {
    const pool = this.pools[kind];
    const header = `${sender}:${id}:${kind}:${size}:`;
    let from = Math.imul(id + 1, 0x9e3779b1) >>> 0;
    from %= pool.length - size + 1;
    let end = from + size;
    if (Buffer.isBuffer(pool)) return Buffer.concat([Buffer.from(header), pool.subarray(from, end)]);
    // No surrogate is left alone.
    if (isLow(pool, from)) from++;
    if (isLow(pool, end)) end--;
    return header + pool.slice(from, Math.max(from, end));
  }
}

/** Whether a surrogate pair is cut there. */
function isLow(text, at) {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit < 0xe000;
}

module.exports = { Contents, EMPTY_BINARY, EMPTY_TEXT };
