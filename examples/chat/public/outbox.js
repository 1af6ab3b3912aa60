// What this page has said and the server has not: it is shown at once, and sent again after a reconnect, until the
// server says it or refuses it.

const MOST = 50; // messages that may wait

/** A name for a message that nobody can guess. `crypto.randomUUID` is for pages over TLS alone. */
const newId = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export class Outbox extends EventTarget {
  /** id → what is sent, its bubble, and whether it was sent at least once. Oldest first. */
  #waiting = new Map();
  #send;
  #log;

  /**
   * @param send sends an object, and returns whether there is a connection
   * @param log shows what waits
   */
  constructor(send, log) {
    super();
    this.#send = send;
    this.#log = log;
  }

  get isFull() {
    return this.#waiting.size >= MOST;
  }

  /** Says something, now or when the connection is back. `shown` is what the log shows beside the text. */
  say({ text, to }, shown) {
    const id = newId();
    const message = { type: 'say', text, id, ...(to !== null && { to }) };
    const bubble = this.#log.pending({ ...shown, text });
    this.#waiting.set(id, { message, bubble, wasSent: false });
    this.#try(id);
    this.#changed();
  }

  /** The connection is back: the server may have heard some of it before, and every page shows an id once. */
  resend() {
    for (const id of this.#waiting.keys()) this.#try(id);
  }

  /** The connection is lost: nobody knows what has arrived. */
  lost() {
    for (const { bubble } of this.#waiting.values()) bubble.waits();
  }

  /** The server has said it. @returns {boolean} whether it was ours */
  said(id, at) {
    const entry = this.#take(id);
    entry?.bubble.sent(at, id);
    return entry !== undefined;
  }

  /** It will not be said. @returns {boolean} whether it was ours */
  failed(id, why) {
    const entry = this.#take(id);
    entry?.bubble.failed(why);
    return entry !== undefined;
  }

  /** Nothing that waits is sent any more. Of what was sent, nobody knows whether it has arrived. */
  giveUp(why) {
    for (const id of [...this.#waiting.keys()]) {
      const { bubble, wasSent } = this.#take(id);
      if (wasSent) bubble.isLost(why);
      else bubble.failed(why);
    }
  }

  #try(id) {
    const entry = this.#waiting.get(id);
    if (this.#send(entry.message)) {
      entry.wasSent = true;
      entry.bubble.isSending();
    } else entry.bubble.waits();
  }

  #take(id) {
    const entry = this.#waiting.get(id);
    if (this.#waiting.delete(id)) this.#changed();
    return entry;
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
