// The messages, newest at the bottom.

import { avatar, element } from './people.js';

const LONGEST = 500; // messages kept on the page

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** When something was said. */
function time(at) {
  const made = element('time', '', clock.format(at));
  made.dateTime = new Date(at).toISOString();
  return made;
}

export class Log {
  /** Of what was said, as far as it is still shown: who reconnects may say a thing again. */
  #ids = new Set();

  constructor(list) {
    this.list = list;
  }

  clear() {
    this.list.replaceChildren();
    this.#ids.clear();
  }

  /** Something that happened: who came, who went, what failed. */
  note(text, kind = '') {
    this.#append(element('li', `note ${kind}`, text));
  }

  /** What somebody said; `mine` if I did, `to` (a name) if for one person alone. */
  said({ at, id, ...said }) {
    if (id !== undefined && this.#ids.has(id)) return;
    const { item, head } = this.#bubble(said);
    head.append(time(at));
    this.#append(item, said.mine, id);
  }

  /** What I have written, and nobody has heard yet. @returns what shows what becomes of it */
  pending(said) {
    const { item, head, body } = this.#bubble({ ...said, mine: true });
    const state = element('p', 'state');
    const tell = (kind, text) => {
      item.dataset.delivery = kind;
      state.textContent = text;
    };
    body.after(state);
    this.#append(item, true);
    return {
      isSending: () => tell('sending', 'Sending…'),
      waits: () => tell('waiting', 'Not sent yet: waiting for the connection'),
      failed: (why) => tell('failed', `Not sent. ${why}`),
      isLost: (why) => tell('failed', `It may not have arrived. ${why}`),
      /** It stands where it was heard: behind what others have said meanwhile. */
      sent: (at, id) => {
        delete item.dataset.delivery;
        state.remove();
        head.append(time(at));
        if (item.isConnected && item !== this.list.lastElementChild) this.list.append(item);
        this.#remember(id);
      },
    };
  }

  #bubble({ sid, name, text, mine, to }) {
    const item = element('li', `said${mine ? ' mine' : ''}${to === undefined ? '' : ' private'}`);
    const bubble = element('div', 'bubble');
    const head = element('p', 'head');
    head.append(element('bdi', 'name', mine ? 'You' : name));
    if (to !== undefined) {
      const badge = element('span', 'badge', mine ? 'privately to ' : 'privately to you');
      if (mine) badge.append(element('bdi', '', to));
      head.append(badge);
    }
    const body = element('p', 'text', text);
    body.dir = 'auto';
    bubble.append(head, body);
    item.append(avatar(sid, name), bubble);
    return { item, head, body };
  }

  #remember(id) {
    if (id === undefined) return;
    this.#ids.add(id);
    if (this.#ids.size > LONGEST) this.#ids.delete(this.#ids.values().next().value);
  }

  /** Follows the newest message, unless the reader has scrolled up to read. */
  #append(item, follow = false, id = undefined) {
    const { list } = this;
    this.#remember(id);
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    list.append(item);
    while (list.children.length > LONGEST) list.firstElementChild.remove();
    if (atEnd || follow) list.scrollTop = list.scrollHeight;
  }
}
