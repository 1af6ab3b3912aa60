// Tiles: a value in large figures, and how it was before as lines.

const SVG = 'http://www.w3.org/2000/svg';
const KEPT = 120; // values of a line
const [WIDTH, HEIGHT] = [KEPT - 1, 40];

function svg(tag, attributes, parent) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

/** One value of the last samples: a line, and the area under it if it is the only one. */
class Line {
  #values = [];
  #line;
  #area;

  constructor(parent, at, hasArea) {
    this.#area = hasArea ? svg('polygon', { class: `area line-${at}` }, parent) : null;
    this.#line = svg('polyline', { class: `line-${at}` }, parent);
  }

  push(value) {
    this.#values.push(value);
    if (this.#values.length > KEPT) this.#values.shift();
  }

  get top() {
    return Math.max(...this.#values);
  }

  draw(top) {
    const first = KEPT - this.#values.length;
    const points = this.#values.map(
      (value, i) => `${first + i},${(HEIGHT - 1 - (value / top) * (HEIGHT - 3)).toFixed(1)}`,
    );
    this.#line.setAttribute('points', points.join(' '));
    this.#area?.setAttribute('points', `${first},${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`);
  }
}

/** Values that belong together, with one scale. */
export class Tile {
  #output;
  #lines;
  #format;
  #names;

  /**
   * @param parent where it is
   * @param title above it
   * @param format makes a text of a value
   * @param names of its lines, if it has several
   */
  constructor(parent, title, format, names = ['']) {
    const tile = document.getElementById('tile').content.firstElementChild.cloneNode(true);
    tile.classList.toggle('several', names.length > 1);
    tile.querySelector('h3').textContent = title;
    const chart = svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      tile.querySelector('.chart'),
    );
    this.#output = tile.querySelector('output');
    this.#names = names;
    this.#format = format;
    this.#lines = names.map((_name, at) => new Line(chart, at, names.length === 1));
    parent.append(tile);
  }

  /** @param values one for each line */
  show(...values) {
    this.#lines.forEach((line, at) => {
      line.push(values[at]);
    });
    const top = Math.max(...this.#lines.map((line) => line.top), Number.MIN_VALUE);
    for (const line of this.#lines) line.draw(top);
    this.#output.replaceChildren(
      ...values.map((value, at) => {
        const part = document.createElement('span');
        part.className = `line-${at}`;
        part.textContent = this.#format(value);
        if (this.#names[at] !== '') part.dataset.name = this.#names[at];
        return part;
      }),
    );
  }
}
