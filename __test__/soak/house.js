'use strict';

const { Base } = require('../..');
const { groupOf } = require('../../lib/base/base');
const { choicesOf, choose, closing } = require('./choice');
const { Transcript, pingPayload } = require('./transcript');

/** Bytes queued, of the `maxBufferedAmount` of 1 MiB, from which on one message may be too much. */
const NEARLY_FULL = 256 << 10;
/** ms that a message may be under way to the I/O thread, which compresses it before it counts as queued. */
const UNDER_WAY = 1000;

/**
 * One `Base` (or `Server`) of the server process, with a record of each of its connections. All that
 * is done to the connections goes by here, so that the record has it.
 */
class House {
  /**
   * @param {string} name also its name as a sender
   * @param {import('../..').Base | import('./entry-base').EntryBase} base
   * @param {{ seed: number, contents: import('./content').Contents, report: (record: object) => void, closeTimeout: number }} context
   */
  constructor(name, base, { seed, contents, report, closeTimeout }) {
    this.name = name;
    this.base = base;
    /** Whether it is of `websockets/ws`: messages come until the peer's close frame, without which the code is 1006. */
    this.isEntry = !(base instanceof Base);
    this.contents = contents;
    this.report = report;
    this.closeTimeout = closeTimeout;
    this.random = choicesOf(seed, `house ${name}`);
    /** @type {Map<string, object>} sid → record, until `close` */
    this.records = new Map();
    this.ids = 0;
    this.acting = false;
    this.heard = 0;
    this.said = 0;
    this.strays = 0;
    const events = {
      message: (record, data) => this.#message(record, data),
      binary: (record, data) => this.#message(record, data),
      ping: (record, payload) => record.transcript.hearPing(payload),
      pong: (record, payload) => record.transcript.hearPong(payload),
      drain: (record) => record.drained?.(),
    };
    for (const [name, listener] of Object.entries(events)) {
      base.on(name, (payload, sid = payload) => {
        const record = this.records.get(sid);
        if (record === undefined) this.strays++;
        else if (this.#isDone(record, name)) record.strays.push(`${name} while closing`);
        else listener(record, payload);
      });
    }
    base.on('error', (error) => this.#error(error));
    if (!this.isEntry) this.#hearOfDropped();
    base.on('close', (reason, sid, code) => this.#close(reason, sid, code));
  }

  /**
   * In the `open` event of a connection.
   *
   * @param {string} sid
   * @param {string} cid the client's name for it
   */
  adopt(sid, cid) {
    if (this.records.has(sid)) this.strays++;
    const { transport } = this.base.sockets[sid] ?? {};
    const transcript = new Transcript(this.contents, cid.replace(/\d+$/, ''));
    this.records.set(sid, {
      cid,
      sid,
      transport,
      transcript,
      began: null,
      beganAt: 0,
      beganCode: 0,
      error: null,
      errorCloseCode: 0,
      strays: [],
      isFull: false,
      lately: { since: 0, bytes: 0 },
      dropped: false,
      drained: null,
      topics: new Set(),
    });
  }

  /** @returns {object[]} records of the open connections, the oldest first */
  get open() {
    return this.base.socketsHistory.map((sid) => this.records.get(sid)).filter((record) => record !== undefined);
  }

  #isOpen(record) {
    return this.base.sockets[record.sid] !== undefined;
  }

  /** Whether nothing but the end may come. */
  #isDone({ began, error }, event) {
    if (began === 'close' && this.isEntry) return error !== null || event === 'drain';
    return began !== null || error !== null;
  }

  #message(record, data) {
    this.heard++;
    record.transcript.hear(data);
    if (!this.acting || record.began !== null) return;
    // What is done within a listener.
    choose(this.random, [
      [300, () => {}],
      [100, () => this.send([record])],
      [15, () => setImmediate(() => this.send([record]))],
      [4, () => this.ping([record])],
      [4, () => this.rest(record)],
      [2, () => this.close([record])],
      [1, () => this.terminate([record])],
    ])();
  }

  /**
   * Sends a message to those of them that are open.
   *
   * @param {object[]} records
   * @param {{ toAll?: boolean, most?: number, except?: object[] }} [options]
   */
  send(records, { toAll = false, most, except = [] } = {}) {
    const { data, id } = this.contents.make(this.random, this.name, this.ids++, most);
    const all = toAll ? this.open : records.filter((record) => this.#isOpen(record));
    const open = all.filter((record) => !except.includes(record));
    this.#say(open, id, data);
    const options = {
      ...(this.random(4) === 0 && { compress: false }),
      ...(except.length > 0 && { except: except.map(({ sid }) => sid) }),
    };
    const sids = records.map(({ sid }) => sid);
    const rest = Object.keys(options).length > 0 ? [options] : [];
    this.base.send(toAll ? null : sids.length === 1 ? sids[0] : sids, data, ...rest);
    // The caller may reuse its buffer as soon as `send` returns.
    if (Buffer.isBuffer(data)) data.fill(0xee);
  }

  /** @param {object[]} records @param {number} id @param {string | Buffer} data that is about to be sent to them */
  #say(records, id, data) {
    const now = Date.now();
    for (const record of records) {
      record.transcript.say(id);
      if (now - record.lately.since > UNDER_WAY) record.lately = { since: now, bytes: 0 };
      record.lately.bytes += Buffer.byteLength(data);
    }
    this.said += records.length;
  }

  /**
   * Has connections subscribe to a topic, or leave it.
   *
   * @param {object[]} records
   * @param {string} topic
   * @param {boolean} on
   */
  subscribe(records, topic, on) {
    for (const record of records.filter((one) => this.#isOpen(one))) {
      if (on) record.topics.add(topic);
      else record.topics.delete(topic);
    }
    const sids = records.map(({ sid }) => sid);
    if (on) this.base.subscribe(sids, topic);
    else this.base.unsubscribe(sids, topic);
  }

  /** Whether its connections subscribe to topics. */
  get hasTopics() {
    return typeof this.base.publish === 'function';
  }

  /**
   * Publishes a message to a topic, and looks whether it is for those who should get it.
   *
   * @param {string} topic
   * @param {object[]} except
   * @param {number} most bytes of it
   */
  publish(topic, except, most) {
    const { data, id } = this.contents.make(this.random, this.name, this.ids++, most);
    const subscribers = this.open.filter(({ topics }) => topics.has(topic));
    const open = subscribers.filter((record) => !except.includes(record));
    this.#say(open, id, data);
    const known = new Set(this.base.subscribers(topic));
    if (known.size !== subscribers.length || !subscribers.every(({ sid }) => known.has(sid))) this.strays++;
    const sids = except.map(({ sid }) => sid);
    if (this.base.publish(topic, data, sids.length > 0 ? { except: sids } : undefined) !== open.length) this.strays++;
    if (Buffer.isBuffer(data)) data.fill(0xee);
  }

  /** @param {object[]} records @param {{ toAll?: boolean }} [options] */
  ping(records, { toAll = false } = {}) {
    const n = this.ids++;
    const open = toAll ? this.open : records.filter((record) => this.#isOpen(record));
    for (const { transcript } of open) transcript.ping(n);
    const payload = pingPayload(this.random, n);
    if (toAll) this.base.ping(payload);
    else
      this.base.ping(
        records.map(({ sid }) => sid),
        payload,
      );
  }

  /** @param {object[]} records */
  close(records) {
    const { code, reason } = closing(this.random);
    this.#begin(records, 'close', code);
    this.base.close(
      records.map(({ sid }) => sid),
      code,
      reason,
    );
  }

  /** @param {object[]} records */
  terminate(records) {
    this.#begin(records, 'terminate', 1006);
    this.base.terminate(records.map(({ sid }) => sid));
  }

  /** The oldest connection has to make room. @param {string} sid */
  evicted(sid) {
    const record = this.records.get(sid);
    if (record?.began === null && record.error === null)
      Object.assign(record, { began: 'evict', beganCode: 1013, beganAt: Date.now() });
  }

  #begin(records, began, beganCode) {
    for (const record of records) {
      if (!this.#isOpen(record)) continue;
      // A message that is still under way may find the limit reached, and no `error` tells after `close()`.
      const isFull = this.base.bufferedAmount(record.sid) + record.lately.bytes >= NEARLY_FULL;
      Object.assign(record, { began, beganCode, beganAt: Date.now(), isFull });
    }
  }

  /** Pauses a connection for a while. */
  rest(record) {
    this.base.pause(record.sid);
    setTimeout(() => this.base.resume(record.sid), this.random(10) === 0 ? 1500 : this.random(100));
  }

  /** Past a number of closing connections the oldest is dropped: no event tells, and its close may lack its end. */
  #hearOfDropped() {
    const { dropped } = groupOf(this.base);
    const { records } = this;
    dropped.add = function add(connection) {
      const record = records.get(connection.sid);
      if (record !== undefined) record.dropped = true;
      return Set.prototype.add.call(this, connection);
    };
  }

  #error(error) {
    const record = this.records.get(error.sid);
    if (record === undefined) {
      // Of a handshake: a client that has vanished, or an HTTP server's.
      if (error.sid !== undefined) this.strays++;
      return;
    }
    if (error.code === 'WS_ERR_BACKPRESSURE') {
      if (record.began !== null) record.strays.push('error while closing');
      Object.assign(record, { began: 'back-pressure', beganCode: 1006, beganAt: Date.now() });
    } else if (this.#isDone(record, 'error')) {
      record.strays.push(`${error.code} while closing`);
    } else {
      Object.assign(record, { error: error.code, errorCloseCode: error.closeCode });
    }
  }

  #close(reason, sid, code) {
    const record = this.records.get(sid);
    if (record === undefined || this.base.sockets[sid] !== undefined) {
      this.strays++;
      return;
    }
    this.records.delete(sid);
    record.drained?.();
    const { cid, transport, transcript, began, beganCode, beganAt, error, errorCloseCode, strays, isFull, dropped } =
      record;
    const since = beganAt || Date.now();
    this.report({
      side: 'server',
      house: this.name,
      cid,
      transport,
      began,
      beganCode,
      error,
      errorCloseCode,
      strays,
      code,
      reason,
      closingMs: Date.now() - since,
      closeTimeout: this.closeTimeout,
      isEntry: this.isEntry,
      isFull,
      dropped,
      ...transcript.summary,
    });
  }
}

module.exports = { House };
