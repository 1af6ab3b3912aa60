// The WebSocket of this page: opened again when it breaks, closed when we leave.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 8000;
const TRY_AGAIN_LATER = 1013; // the server is full, and has closed us to make room for others

/**
 * Emits `open`, `message` (detail: the object received), `lost` (detail: ms until the next try)
 * and `closed` (detail: why; the server does not want us back, or we have left).
 */
export class Connection extends EventTarget {
  #socket = null;
  #timer = null;
  #delay = FIRST_DELAY;

  constructor() {
    super();
    addEventListener('online', () => {
      if (this.#timer !== null) this.open();
    });
  }

  open() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/chat`);
    this.#socket = socket;
    socket.addEventListener('open', () => this.#emit('open'));
    socket.addEventListener('message', ({ data }) => {
      this.#delay = FIRST_DELAY;
      if (socket === this.#socket) this.#emit('message', JSON.parse(data));
    });
    socket.addEventListener('close', ({ code }) => {
      if (socket === this.#socket) this.#broken(code);
    });
  }

  /** @returns {boolean} whether it was sent */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  leave() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000, 'left');
    this.#emit('closed', '');
  }

  #broken(code) {
    this.#socket = null;
    if (code === TRY_AGAIN_LATER) {
      this.#emit('closed', 'The chat is full, and you were here longest. Come back later.');
      return;
    }
    // Not all at the same moment, when a server with many pages comes back.
    const delay = this.#delay * (0.5 + Math.random() / 2);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
    this.#timer = setTimeout(() => this.open(), delay);
    this.#emit('lost', delay);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
