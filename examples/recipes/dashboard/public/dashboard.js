// The page: each sample of the monitor is shown, and a connection that is lost is opened again.

import { Tile } from './charts.js';
import { bytes, count, duration, milliseconds, percent, rate, timeOfDay } from './units.js';

const $ = (id) => document.getElementById(id);
const perSecond = (value) => `${rate(value)}/s`;
const bytesPerSecond = (value) => `${bytes(value)}/s`;

/** Fills a list with rows, or says that there are none. What peers say is text, never HTML. */
function fill(article, rows) {
  article.classList.toggle('empty', rows.length === 0);
  const made = rows.map((cells) => {
    const row = document.createElement('tr');
    for (const text of cells) row.insertCell().textContent = text;
    return row;
  });
  article.querySelector('tbody').replaceChildren(...made);
}

/** What is shown of the process. */
class Process {
  #tiles;

  constructor() {
    const tile = (...args) => new Tile($('tiles'), ...args);
    this.#tiles = {
      cpu: tile('CPU', percent),
      memory: tile('Memory', bytes),
      loopUtilization: tile('Event loop busy', percent),
      loopDelay: tile('Event loop delay', milliseconds),
    };
  }

  show(figures) {
    $('process').textContent = `process ${figures.pid}, Node.js ${figures.version}, up ${duration(figures.uptime)}`;
    for (const [name, tile] of Object.entries(this.#tiles)) tile.show(figures[name]);
  }
}

/** What is shown of one Base. */
class BaseView {
  constructor(name) {
    this.section = $('base').content.firstElementChild.cloneNode(true);
    this.section.querySelector('h2').textContent = name;
    const tiles = this.section.querySelector('.tiles');
    this.messages = new Tile(tiles, 'Messages', perSecond, ['in', 'out']);
    this.bytes = new Tile(tiles, 'Bytes', bytesPerSecond, ['in', 'out']);
    this.queued = new Tile(tiles, 'Waiting to be written', bytes);
    this.deliveries = new Tile(tiles, 'Topics: published, delivered', perSecond, ['', '']);
  }

  list(name) {
    return this.section.querySelector(`.${name}`);
  }

  show({ stats, rates, closes, errors, recentErrors, topics, slow }) {
    this.section.querySelector('.open output').textContent = count(stats.connections);
    this.section.querySelector('.open span').textContent = stats.connections === 1 ? 'connection' : 'connections';
    const carried = stats.streams > 0 ? `, ${count(stats.streams)} of them by streams` : '';
    this.section.querySelector('.flow').textContent =
      `opened ${perSecond(rates.opened)}, closed ${perSecond(rates.closed)}, closing ${count(stats.closing)}${carried}`;
    this.messages.show(rates.messagesReceived, rates.messagesSent);
    this.bytes.show(rates.bytesReceived, rates.bytesSent);
    this.queued.show(stats.queuedBytes);
    this.deliveries.show(rates.publishes, rates.deliveries);
    fill(
      this.list('slow'),
      slow.map(({ sid, address, queuedBytes }) => [bytes(queuedBytes), address ?? '', sid]),
    );
    fill(
      this.list('topics'),
      topics.map(({ name, subscribers }) => [count(subscribers), name]),
    );
    fill(
      this.list('closes'),
      Object.entries(closes).map(([code, times]) => [code, count(times)]),
    );
    const counted = Object.entries(errors).map(([code, times]) => `${code} × ${count(times)}`);
    this.list('errors').querySelector('h3').textContent = ['Last errors', ...counted].join(' · ');
    fill(
      this.list('errors'),
      recentErrors.map(({ time, code, message, address }) => [timeOfDay(time), code, message, address ?? '']),
    );
  }
}

const processView = new Process();
/** Name → view. */
const views = new Map();

function show({ process, bases }) {
  processView.show(process);
  for (const base of bases) {
    if (!views.has(base.name)) {
      views.set(base.name, new BaseView(base.name));
      $('bases').append(views.get(base.name).section);
    }
    views.get(base.name).show(base);
  }
}

function state(kind, text) {
  $('state').dataset.state = kind;
  $('state').textContent = text;
}

function connect(wait) {
  const socket = new WebSocket(new URL('/monitor', location.href.replace(/^http/, 'ws')));
  let next = wait;
  socket.onmessage = ({ data }) => {
    state('live', 'live');
    next = 500;
    show(JSON.parse(data));
  };
  socket.onclose = () => {
    state('lost', `lost; next try in ${next / 1000} s`);
    setTimeout(connect, next, Math.min(next * 2, 30_000));
  };
}
connect(500);
