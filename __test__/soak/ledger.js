'use strict';

const { judge } = require('./model');

/** The records of clients and servers, which are judged and forgotten as soon as both are there. */
class Ledger {
  /** @param {(line: string) => void} print what is wrong, as it is found */
  constructor(print) {
    this.print = print;
    /** @type {Map<string, object>} cid → the record of one side */
    this.waiting = new Map();
    this.found = {};
    this.totals = {
      connections: 0,
      refused: 0,
      toServer: 0,
      toClient: 0,
      bytesToServer: 0,
      bytesToClient: 0,
      pongs: 0,
      tails: 0,
      closes: 0,
    };
    this.faults = {};
    this.modes = new Set();
    this.ends = {};
  }

  /** Something is wrong. @param {string} kind @param {string} text @param {number} [count] how often */
  complain(kind, text, count = 1) {
    this.found[kind] = (this.found[kind] ?? 0) + count;
    this.print(`WRONG  ${kind}: ${text}`);
  }

  /** @param {object} record */
  add(record) {
    const { cid, side } = record;
    if (side === 'client') this.#count(record);
    else this.#countServer(record);
    if (side === 'client' && record.status !== 101) this.#unopened(record);
    const other = this.waiting.get(cid);
    if (other === undefined) {
      this.waiting.set(cid, record);
    } else if (other.side === side) {
      this.complain('life-cycle', `${cid} has two records of the ${side}`);
    } else {
      this.waiting.delete(cid);
      const [client, server] = side === 'client' ? [record, other] : [other, record];
      if (client.status === 101) this.#judge(client, server);
    }
  }

  #judge(client, server) {
    const { problems, tails } = judge(client, server);
    this.totals.tails += tails;
    for (const { kind, count, text } of problems)
      this.complain(kind, `${text}\n       ${story(client)}\n       ${story(server)}`, count);
  }

  #count(record) {
    const { status, kind, endpoint, mode, fault, hung, received, bytesReceived, pongs, cid } = record;
    const { totals, faults } = this;
    if (fault) faults[fault.name] = (faults[fault.name] ?? 0) + 1;
    if (hung)
      this.complain(
        'hung',
        `${cid}, a ${kind} client of ${endpoint} (${mode}), did not come to its end\n       ${story(record)}`,
      );
    if (status !== 101) return;
    totals.connections++;
    totals.toClient += received.length;
    totals.bytesToClient += bytesReceived;
    totals.pongs += pongs;
    this.modes.add(`${kind}: ${mode}`);
  }

  #countServer({ began, received, bytesReceived, pongs }) {
    const { totals, ends } = this;
    const end = began ?? 'the client';
    ends[end] = (ends[end] ?? 0) + 1;
    totals.closes++;
    totals.toServer += received.length;
    totals.bytesToServer += bytesReceived;
    totals.pongs += pongs;
  }

  /** A client that was refused, or has gone during its handshake: the server may know it or not. */
  #unopened({ cid, status, kind, endpoint, fault, strays }) {
    this.totals.refused++;
    if (kind === 'passer-by') {
      if (status !== 0) this.complain('handshake', `${cid}, ${fault.name}: the answer was ${status}`);
    } else if (status !== 503) {
      this.complain(
        'handshake',
        `${cid}, a ${kind} client of ${endpoint}, was refused with ${status} ${strays.join()}`,
      );
    }
  }

  /** All connections are over: what has no other side should have none. */
  settle() {
    for (const [cid, record] of this.waiting) {
      if (record.side === 'server') this.complain('life-cycle', `${cid} is known to the server alone`);
      else if (record.status === 101)
        this.complain('life-cycle', `the server reports no end of ${cid}\n       ${story(record)}`);
    }
    this.waiting.clear();
  }
}

/** What became of a connection, in a line. */
function story(record) {
  const { sent, received, ...rest } = record;
  return JSON.stringify({ ...rest, sent: sent.length, received: received.length });
}

module.exports = { Ledger };
