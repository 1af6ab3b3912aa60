// The list of who is here, which is also where one chooses who gets a message.

/** The first characters of a sid: enough to tell two people of one name apart. */
const short = (sid) => sid.slice(0, 6);

/** A hue that belongs to a sid. */
function hue(sid) {
  let sum = 0;
  for (const character of sid) sum = (sum * 31 + character.codePointAt(0)) % 360;
  return sum;
}

/** An element with a class and a text. Text is never HTML on this page. */
export function element(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** The round picture of a person: the first letter on their own colour. */
export function avatar(sid, name) {
  const made = element('span', 'avatar', [...name][0].toUpperCase());
  made.style.setProperty('--hue', hue(sid));
  made.setAttribute('aria-hidden', 'true');
  return made;
}

/** Emits `choose` (detail: a sid, or `null` for everyone). */
export class People extends EventTarget {
  /** sid → { name, rtt } @type {Map<string, { name: string, rtt: number | null }>} */
  #people = new Map();
  #rows = new Map();
  #chosen = null;
  #me = null;

  constructor(list, count) {
    super();
    this.list = list;
    this.count = count;
  }

  /** Shows exactly these; who was chosen stays so, even if gone. */
  reset(people, me) {
    this.#me = me;
    this.#people = new Map();
    this.#rows = new Map();
    this.list.replaceChildren();
    this.#addRow(null, 'Everyone', '');
    for (const person of people) this.add(person);
    this.choose(this.#chosen);
  }

  add({ sid, name, rtt = null }) {
    this.#people.set(sid, { name, rtt });
    this.#addRow(sid, name, short(sid));
    this.setRtt(sid, rtt);
    this.count.textContent = this.#people.size;
  }

  /** @returns {string | undefined} the name of the one who is gone */
  remove(sid) {
    const name = this.name(sid);
    this.#people.delete(sid);
    this.#rows.get(sid)?.remove();
    this.#rows.delete(sid);
    this.count.textContent = this.#people.size;
    return name;
  }

  name(sid) {
    return this.#people.get(sid)?.name;
  }

  setRtt(sid, rtt) {
    const row = this.#rows.get(sid);
    if (row && rtt !== null) row.querySelector('.rtt').textContent = `${rtt.toFixed(1)} ms`;
  }

  choose(sid) {
    this.#chosen = sid;
    for (const [id, row] of this.#rows) row.firstElementChild.setAttribute('aria-pressed', id === sid);
    this.dispatchEvent(new CustomEvent('choose', { detail: sid }));
  }

  get chosen() {
    return this.#chosen;
  }

  #addRow(sid, name, id) {
    const row = element('li', 'person');
    const button = element('button', 'who');
    button.type = 'button';
    button.dataset.sid = sid ?? '';
    const picture = sid === null ? element('span', 'avatar all', '∗') : avatar(sid, name);
    picture.setAttribute('aria-hidden', 'true');
    const label = element('span', 'label');
    const called = element('bdi', 'name', name);
    label.append(called);
    if (sid !== null) label.append(element('small', 'sid', sid === this.#me ? `${id} · you` : id));
    button.append(picture, label, element('span', 'rtt'));
    button.addEventListener('click', () => this.choose(sid));
    row.append(button);
    this.#rows.set(sid, row);
    this.list.append(row);
  }
}
