'use strict';

const { BadMessage, parse } = require('./messages');

const RTT_EVERY = 250; // ms: round-trip times of many are told together

/**
 * Who is in the chat, and what they tell each other. To a page the room says, by `type`:
 *
 *   { type: 'welcome', sid, people: [{ sid, name, rtt }] }    you are in
 *   { type: 'joined', sid, name }   { type: 'left', sid }     somebody else
 *   { type: 'said', sid, name, text, at, to?, id? }           `to`: for that sid alone; `id`: as it came
 *   { type: 'rtt', rtt: { [sid]: ms } }                       how far away people are
 *   { type: 'pong', rtt: ms }                                 the measurement you asked for
 *   { type: 'error', message, id? }                           what was wrong with what you sent
 */
class Room {
  /** Those who have joined, oldest first. @type {Map<string, { name: string, rtt: number | null }>} */
  #people = new Map();
  /** Round-trip times not told yet. @type {Record<string, number>} */
  #news = {};
  #newsTimer = null;
  #base;
  #pinger;

  /**
   * @param {import('websockets').Base} base
   * @param {import('./pinger')} pinger
   */
  constructor(base, pinger) {
    this.#base = base;
    this.#pinger = pinger;
    base.on('message', (text, sid) => this.#message(text, sid));
    base.on('binary', (data, sid) => this.#tell(sid, { type: 'error', message: 'Text messages only.' }));
    base.on('close', (reason, sid) => this.#leave(sid));
    pinger.on('rtt', (sid, ms, asked) => this.#rtt(sid, ms, asked));
  }

  #message(json, sid) {
    try {
      const message = parse(json);
      if (message.type === 'join') this.#join(sid, message.name);
      else if (!this.#people.has(sid)) throw new BadMessage('Join first.');
      else if (message.type === 'say') this.#say(sid, message);
      else this.#pinger.ping(sid, true);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.#tell(sid, { type: 'error', message: error.message, id: error.id });
    }
  }

  #join(sid, name) {
    if (this.#people.has(sid)) throw new BadMessage('You are in already.');
    this.#tellAll({ type: 'joined', sid, name });
    this.#people.set(sid, { name, rtt: null });
    const people = [...this.#people].map(([id, person]) => ({ sid: id, ...person }));
    this.#tell(sid, { type: 'welcome', sid, people });
    this.#pinger.ping(sid);
  }

  #say(sid, { text, to, id }) {
    const { name } = this.#people.get(sid);
    const said = { type: 'said', sid, name, text, at: Date.now(), id };
    if (to === undefined) {
      this.#tellAll(said);
    } else if (this.#people.has(to)) {
      this.#tell(to === sid ? sid : [sid, to], { ...said, to });
    } else {
      throw new BadMessage('That person has left. Nobody got your message.', id);
    }
  }

  #leave(sid) {
    delete this.#news[sid];
    if (this.#people.delete(sid)) this.#tellAll({ type: 'left', sid });
  }

  #rtt(sid, ms, asked) {
    const person = this.#people.get(sid);
    if (!person) return;
    person.rtt = Math.round(ms * 10) / 10;
    if (asked) this.#tell(sid, { type: 'pong', rtt: person.rtt });
    this.#news[sid] = person.rtt;
    this.#newsTimer ??= setTimeout(() => {
      this.#tellAll({ type: 'rtt', rtt: this.#news });
      this.#news = {};
      this.#newsTimer = null;
    }, RTT_EVERY);
  }

  /** @param {string | string[]} sid */
  #tell(sid, message) {
    this.#base.send(sid, JSON.stringify(message));
  }

  /** Those who have joined; whoever is only connected hears nothing. */
  #tellAll(message) {
    this.#tell([...this.#people.keys()], message);
  }
}

module.exports = Room;
