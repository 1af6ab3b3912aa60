// The messages, newest at the bottom.

import { avatar, element } from './people.js';

const LONGEST = 500; // messages kept on the page

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export class Log {
  constructor(list) {
    this.list = list;
  }

  clear() {
    this.list.replaceChildren();
  }

  /** Something that happened: who came, who went, what failed. */
  note(text, kind = '') {
    this.#append(element('li', `note ${kind}`, text));
  }

  /** What somebody said; `mine` if I did, `to` (a name) if for one person alone. */
  said({ sid, name, text, at, mine, to }) {
    const item = element('li', `said${mine ? ' mine' : ''}${to === undefined ? '' : ' private'}`);
    const bubble = element('div', 'bubble');
    const head = element('p', 'head');
    head.append(element('bdi', 'name', mine ? 'You' : name));
    if (to !== undefined) {
      const badge = element('span', 'badge', mine ? 'privately to ' : 'privately to you');
      if (mine) badge.append(element('bdi', '', to));
      head.append(badge);
    }
    const time = element('time', '', clock.format(at));
    time.dateTime = new Date(at).toISOString();
    head.append(time);
    const body = element('p', 'text', text);
    body.dir = 'auto';
    bubble.append(head, body);
    item.append(avatar(sid, name), bubble);
    this.#append(item, mine);
  }

  /** Follows the newest message, unless the reader has scrolled up to read. */
  #append(item, follow = false) {
    const { list } = this;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    list.append(item);
    while (list.children.length > LONGEST) list.firstElementChild.remove();
    if (atEnd || follow) list.scrollTop = list.scrollHeight;
  }
}
