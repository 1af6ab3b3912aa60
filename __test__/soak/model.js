'use strict';

const { EMPTY_BINARY, EMPTY_TEXT } = require('./content');

/** ms after which our `Client` gives up a closing handshake; `ws` does later. */
const CLOSE_TIMEOUT = 20_000;
/** ms by which timers of two processes may differ. */
const SLACK = 200;
/** How many numbers of a transcript are shown around the place where it goes wrong. */
const AROUND = 4;

/**
 * What is wrong with what came, one way.
 *
 * @param {number[]} sent in the order of the calls
 * @param {number[]} received in the order of the events
 * @param {boolean} isComplete whether nothing may be missing at the end
 * @returns {{ lost: number, duplicated: number, reordered: number, foreign: number, tail: number, at: number }}
 *   `tail`: how many are missing at the end, and may be; `at`: where the first difference is, or -1
 */
function compare(sent, received, isComplete) {
  const result = { lost: 0, duplicated: 0, reordered: 0, foreign: 0, tail: 0, at: -1 };
  const at = received.findIndex((id, i) => id !== sent[i]);
  if (at < 0) {
    const missing = sent.length - received.length;
    if (!isComplete) result.tail = missing;
    else if (missing > 0) Object.assign(result, { lost: missing, at: received.length });
    return result;
  }
  result.at = at;
  const places = new Map(sent.map((id, i) => [id, i]));
  const seen = new Set();
  let last = -1;
  for (const id of received) {
    // Empty messages are all the same: what is wrong with them shows only by the place.
    if (id === EMPTY_TEXT || id === EMPTY_BINARY) continue;
    const place = places.get(id);
    if (place === undefined) result.foreign++;
    else if (seen.has(id)) result.duplicated++;
    else if (place < last) result.reordered++;
    if (place > last) last = place;
    seen.add(id);
  }
  const end = isComplete ? sent.length : last + 1;
  result.lost = sent.slice(0, end).filter((id) => id >= 0 && !seen.has(id)).length;
  // Nothing else is out of place: it is the empty ones.
  if (result.lost + result.duplicated + result.reordered + result.foreign === 0) result.lost = 1;
  return result;
}

/** The numbers around a place. */
function around(ids, at) {
  return `… ${ids.slice(Math.max(0, at - AROUND), at + AROUND).join(' ')} … of ${ids.length}`;
}

/**
 * Whether the client ended well: by a close frame that it sent first, and reading to the end.
 *
 * @param {object} client
 */
const endedWell = ({ fault, began, closingMs }) =>
  fault === null && began !== null && closingMs < CLOSE_TIMEOUT - SLACK;

/** Whether the closing took so long that its end may have been cut off. */
const isLate = (client, server) => Math.max(client.closingMs, server.closingMs) >= server.closeTimeout - SLACK;

/**
 * All codes that the server may report in `close`.
 *
 * @param {object} client @param {object} server
 * @returns {number[]}
 */
function codesDue(client, server) {
  const { fault, began } = client;
  const theirs = [];
  if (began !== null) theirs.push(began.code);
  else if (fault !== null) theirs.push(fault.closeCode ?? 1006);
  if (server.began === null) return began !== null && !endedWell(client) ? [...theirs, 1006] : theirs;
  if (server.began === 'terminate' || server.began === 'back-pressure') return [1006];
  // Both began, or what we began was cut off.
  const isCut = fault !== null || server.dropped || server.isFull || (server.isEntry && isLate(client, server));
  return [...theirs, server.beganCode, ...(isCut ? [1006] : [])];
}

/**
 * Compares what both ends of a connection say of it.
 *
 * Always: what came is what was sent, in order, from the first on. And nothing is missing
 *
 * - of the client's, where the server says how the client ended, and did not begin to close itself: by
 *   the code of its close frame, by the error of its violation, by a FIN;
 * - of the server's, where the client has got a close frame, and had not closed itself by our `Client`,
 *   which reports nothing from then on; unless the closing took so long that the I/O thread has answered
 *   without the JavaScript thread, which still sent.
 *
 * @param {object} client its record
 * @param {object} server the record of the server
 * @returns {{ problems: { kind: string, text: string }[], tails: number }}
 */
function judge(client, server) {
  const problems = [];
  const complain = (kind, text, count = 1) => problems.push({ kind, count, text });
  let tails = 0;

  const { fault, began, saw } = client;
  const isTold =
    server.began === null && (endedWell(client) || fault?.error !== undefined || fault?.name.includes('FIN'));
  const isDeaf = client.kind === 'own' && (began !== null || fault !== null);
  const isHeard = saw !== null && !isDeaf && !isLate(client, server);
  for (const [way, from, to, isComplete] of [
    ['to the server', client, server, isTold],
    ['to the client', server, client, isHeard],
  ]) {
    const { at, tail, ...wrong } = compare(from.sent, to.received, isComplete);
    tails += tail;
    for (const [kind, count] of Object.entries(wrong)) {
      if (count > 0)
        complain(kind, `${count} ${way}; sent ${around(from.sent, at)}, received ${around(to.received, at)}`, count);
    }
    if (to.corrupted > 0) complain('corrupted', `${to.corrupted} ${way}`, to.corrupted);
    if (to.wrongPongs > 0) complain('pongs', `${to.wrongPongs} to no ping, or out of order, ${way}`);
  }

  const due = codesDue(client, server);
  const isDropped = server.dropped && server.code === 1006;
  if (!due.includes(server.code) && !isDropped)
    complain('close code', `the server reports ${server.code}, due was ${due.join(' or ')}`);
  if (server.began === null && began !== null && server.code === began.code && server.reason !== began.reason) {
    complain('close code', `the reason is ${server.reason}, due was ${began.reason}`);
  }
  if (server.began === null && fault?.error !== undefined && server.error !== fault.error) {
    complain('error', `the error is ${server.error}, due was ${fault.error}`);
  }
  if (server.error !== null && server.error !== fault?.error)
    complain('error', `an error out of nothing: ${server.error}`);
  // The answer to a close frame, and to a violation.
  const isAnswered = server.began === null && (endedWell(client) || fault?.error !== undefined);
  const answer = endedWell(client) ? began.code : fault?.closeCode;
  if (isAnswered && saw !== answer && !server.dropped && !isLate(client, server)) {
    complain('close code', `the client got ${saw}, due was ${answer}`);
  }
  for (const { side, strays } of [client, server]) {
    if (strays.length > 0) complain('life-cycle', `${side}: ${strays.join(', ')}`);
  }
  return { problems, tails };
}

module.exports = { CLOSE_TIMEOUT, compare, judge };
