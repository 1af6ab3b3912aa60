// The page: what is clicked goes to the connection, what arrives goes to the list and the log.

import { Connection } from './connection.js';
import { Log } from './log.js';
import { Outbox } from './outbox.js';
import { People } from './people.js';

const $ = (id) => document.getElementById(id);
const connection = new Connection();
const people = new People($('people'), $('count'));
const log = new Log($('log'));
const outbox = new Outbox((message) => me !== null && isIn() && connection.send(message), log);

let me = null; // my sid, while I am in
let name = '';

/** Whether the server knows us: before, it would refuse what we say. */
const isIn = () => document.body.dataset.state === 'in';

/** `out`: the form; `joining`: waiting for the server; `in`: chatting; `lost`: will come back. */
function show(state, status) {
  document.body.dataset.state = state;
  $('status').textContent = status;
  const inside = state === 'in' || state === 'lost';
  $('outside').hidden = inside;
  $('inside').hidden = !inside;
  $('tools').hidden = !inside;
  $('enter').disabled = state === 'joining';
  $('ping').disabled = state !== 'in';
  showAddressee();
}

function notice(text) {
  $('notice').textContent = text;
  $('notice').hidden = text === '';
}

/**
 * Says who gets what is written. What was meant for one who has left since must never go to
 * everyone: nothing can be sent then, until somebody else is chosen.
 */
function showAddressee() {
  const { chosen } = people;
  const called = chosen === null ? 'everyone' : people.name(chosen);
  const gone = called === undefined;
  $('addressee').textContent = gone ? 'someone who has left' : called;
  $('to-all').hidden = chosen === null;
  $('say').classList.toggle('private', chosen !== null);
  $('say').classList.toggle('gone', gone);
  const isLost = document.body.dataset.state === 'lost';
  $('offline').hidden = !isLost;
  $('offline').textContent = outbox.isFull
    ? 'There is no connection, and no more messages can wait for it.'
    : 'There is no connection. What you write now is sent when it is back.';
  $('send').disabled = !(isIn() || isLost) || gone || outbox.isFull;
}

const handlers = {
  welcome({ sid, people: list }) {
    me = sid;
    people.reset(list, me);
    show('in', 'Connected');
    log.note(`You are in, as ${name}.`);
    outbox.resend();
    $('text').focus();
  },
  joined(person) {
    people.add(person);
    log.note(`${person.name} has joined.`);
  },
  left({ sid }) {
    log.note(`${people.remove(sid)} has left.`);
    showAddressee();
  },
  said({ to, ...said }) {
    if (outbox.said(said.id, said.at)) return;
    log.said({ ...said, mine: said.sid === me, to: to && people.name(to) });
  },
  rtt({ rtt }) {
    for (const [sid, ms] of Object.entries(rtt)) people.setRtt(sid, ms);
  },
  pong({ rtt }) {
    $('own-rtt').textContent = `${rtt.toFixed(1)} ms`;
    $('ping').disabled = document.body.dataset.state !== 'in';
  },
  error({ message, id }) {
    if (outbox.failed(id, message)) return;
    if (me === null) {
      connection.leave();
      notice(message);
    } else {
      log.note(message, 'error');
    }
  },
};

connection.addEventListener('open', () => connection.send({ type: 'join', name }));
connection.addEventListener('message', ({ detail }) => handlers[detail.type]?.(detail));
connection.addEventListener('lost', () => {
  if (me === null) {
    connection.leave();
    notice('The server does not answer. Is it running?');
    return;
  }
  if (document.body.dataset.state === 'in') log.note('Connection lost. Trying again…', 'error');
  show('lost', 'Reconnecting…');
  outbox.lost();
});
connection.addEventListener('closed', ({ detail }) => {
  me = null;
  outbox.giveUp('You have left.');
  people.choose(null);
  $('own-rtt').textContent = '';
  show('out', 'Not connected');
  notice(detail);
  $('name').focus();
});

people.addEventListener('choose', () => {
  showAddressee();
  $('text').focus();
});

$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  name = $('name').value.trim();
  sessionStorage.setItem('name', name);
  notice('');
  log.clear();
  show('joining', 'Connecting…');
  connection.open();
});

$('say').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (text === '' || $('send').disabled) return;
  const to = people.chosen;
  outbox.say({ text, to }, { sid: me, name, to: to === null ? undefined : people.name(to) });
  $('text').value = '';
  $('text').focus();
});

outbox.addEventListener('change', showAddressee);

$('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('say').requestSubmit();
});

$('ping').addEventListener('click', () => {
  $('ping').disabled = connection.send({ type: 'ping' });
});
$('leave').addEventListener('click', () => connection.leave());
$('to-all').addEventListener('click', () => people.choose(null));

$('name').value = sessionStorage.getItem('name') ?? '';
show('out', 'Not connected');
