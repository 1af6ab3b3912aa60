//! One connection on its shard: answering, closing, finishing; and `reading`.

mod reading;

use std::cell::{Cell, RefCell};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::shard::Shard;
use super::shared::{Append, Flush, Shared, Thread};
use super::socket;
use super::submission::Frame;
use crate::protocol::{self, Config, Event, Millis, State};

/// Frames of submissions are written together, but not more bytes than this kept back for it.
const TOGETHER: usize = 16 * 1024;
/// The public code of a connection dropped at `maxBufferedAmount`.
const BACKPRESSURE: &str = "WS_ERR_BACKPRESSURE";

/// Where the protocol reports its events.
type Record<'a> = dyn FnMut(Event<'_>) + 'a;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    On,
    /// The app asked for a pause.
    Paused,
    /// The env has no room for records.
    Suspended,
    /// The peer's FIN was read; what is queued is still being written.
    Ended,
}

struct Inner {
    protocol: protocol::Connection,
    reading: Reading,
    /// Its socket is this thread's, and what becomes of that is heard.
    started: bool,
    /// The kernel took no more: write when it can be written to.
    want_write: bool,
    /// There may be something to read, of which nothing tells again.
    readable: bool,
    /// Nothing comes behind what is there to be read, so that nothing tells of that again.
    ending: bool,
    /// What JavaScript had read from the socket: it is read before what is in there.
    early: Vec<u8>,
    congested: bool,
    /// The answer to a close frame or a violation, kept until JavaScript has seen what came before
    /// that: its replies leave first.
    parting: Option<Box<[u8]>>,
    half_closed: bool,
    finished: bool,
    /// The deadline that is armed.
    armed: Millis,
}

/// A connection in its shard's table.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    /// Its place among the connections of its `Base`.
    pub(super) base_index: Cell<usize>,
    /// It waits to be settled once all submissions that have come are carried out.
    unsettled: Cell<bool>,
    /// It waits for its turn.
    waits: Cell<bool>,
    inner: RefCell<Inner>,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, config: Arc<Config>, now: Millis) -> Self {
        Self {
            shared,
            base_index: Cell::new(0),
            unsettled: Cell::new(false),
            waits: Cell::new(false),
            inner: RefCell::new(Inner {
                protocol: protocol::Connection::new(config, now),
                reading: Reading::On,
                started: false,
                want_write: false,
                readable: false,
                ending: false,
                early: Vec::new(),
                congested: false,
                parting: None,
                half_closed: false,
                finished: false,
                armed: Millis::MAX,
            }),
        }
    }

    /// The shard has the socket to itself, and what JavaScript had read from it.
    pub(super) fn start(self: &Rc<Self>, shard: &Rc<Shard>, received: Vec<u8>) {
        let Some(fd) = self.shared.fd() else {
            return;
        };
        if shard.readiness.add(fd.as_fd(), self.key()).is_err() {
            return self.lose(shard);
        }
        {
            let mut inner = self.inner.borrow_mut();
            inner.early = received;
            inner.started = true;
        }
        self.settle(shard);
        self.turn_later(shard);
    }

    /// Its key in the shard's table, for as long as it is there.
    fn key(&self) -> u32 {
        self.shared.key.load(Ordering::Relaxed)
    }

    /// It has a turn once others had theirs.
    fn turn_later(self: &Rc<Self>, shard: &Shard) {
        if !self.waits.replace(true) {
            shard.turn_later(self.clone());
        }
    }

    /// The connection is over: nothing more comes from the peer, or it is to be dropped.
    pub(super) fn lose(&self, shard: &Rc<Shard>) {
        self.inner.borrow_mut().protocol.receive_eof();
        self.finish(shard);
    }

    /// Begins the closing handshake. Where the peer has begun it, its answer waits no longer: to
    /// JavaScript the connection is closed, and what it sends to all from now on is not for this one.
    pub(super) fn close(self: &Rc<Self>, shard: &Rc<Shard>, code: u16, reason: &str) {
        self.part(shard);
        self.step(shard, |protocol, answer, _| {
            protocol.close(code, reason, shard.now(), answer);
        });
        // The peer's close frame has to be read, whatever the app had paused.
        if self.inner.borrow().reading == Reading::Paused {
            self.read_on(shard);
        }
    }

    /// An armed deadline has come; the one that holds by now may be later.
    pub(super) fn fire(self: &Rc<Self>, shard: &Rc<Shard>, now: Millis) {
        self.inner.borrow_mut().armed = Millis::MAX;
        let is_due = || {
            let deadline = self.inner.borrow().protocol.deadline();
            deadline.is_some_and(|at| at <= now)
        };
        if is_due() && !self.read_before_deadline(shard) {
            return;
        }
        if is_due() {
            self.part(shard);
            self.step(shard, |protocol, answer, record| {
                protocol.handle_timeout(now, answer, &mut |event| record(event));
            });
        } else {
            self.arm(shard);
        }
    }

    /// JavaScript has seen all that came before the connection began to close.
    pub(super) fn part(self: &Rc<Self>, shard: &Rc<Shard>) {
        let parting = self.inner.borrow_mut().parting.take();
        if let Some(parting) = parting {
            self.shared.append_protocol(&parting, true);
            self.settle(shard);
        }
    }

    /// Sends a message, compressed.
    pub(super) fn send_message(self: &Rc<Self>, shard: &Rc<Shard>, frame: &Frame) {
        let mut out = Vec::new();
        self.inner.borrow_mut().protocol.send_message(
            frame.opcode,
            frame.payload(),
            frame.compress,
            &mut out,
        );
        let append = self.shared.shard_append(out);
        self.appended(shard, append);
    }

    /// What became of a frame that this shard appended.
    pub(super) fn appended(self: &Rc<Self>, shard: &Rc<Shard>, append: Append) {
        match append {
            Append::Queued if self.shared.buffered() >= TOGETHER => self.settle(shard),
            Append::Queued => {
                if !self.unsettled.replace(true) {
                    shard.settle_later(self.clone());
                }
            }
            Append::Written | Append::Closed => {}
            Append::Full => self.lose(shard),
        }
    }

    /// Lets the protocol take one step, and does what follows from it.
    fn step(
        self: &Rc<Self>,
        shard: &Rc<Shard>,
        run: impl FnOnce(&mut protocol::Connection, &mut Vec<u8>, &mut Record<'_>),
    ) {
        let mut answer = shard.answer.take();
        {
            let mut inner = self.inner.borrow_mut();
            let mut recorder = self.shared.port.recorder(shard.index, &shard.rings);
            let slot = self.shared.slot;
            let mut parts = false;
            // Inflating the next message takes long, and JavaScript, where it is awake, must not wait for
            // that. A ping is not shown before its pong is queued, which happens below.
            let mut shows = self.shared.deflate.is_some();
            run(&mut inner.protocol, &mut answer, &mut |event| {
                parts |= matches!(event, Event::Closing | Event::Failed(_));
                shows &= matches!(event, Event::Text(_) | Event::Binary(_));
                recorder.add(|batch| batch.push_event(slot, event));
                if shows {
                    recorder.show();
                }
            });
            if parts {
                inner.parting = Some(answer[..].into());
            } else if !answer.is_empty() {
                let last = inner.protocol.state() != State::Open;
                self.shared.append_protocol(&answer, last);
            }
        }
        answer.clear();
        shard.answer.set(answer);
        self.settle(shard);
    }

    /// Writes what waits (where the kernel takes no more, it waits until that does), and does what
    /// the protocol's state asks for.
    pub(super) fn settle(self: &Rc<Self>, shard: &Rc<Shard>) {
        self.unsettled.set(false);
        let mut flush = self.shared.flush(Thread::Shard, true);
        let mut inner = self.inner.borrow_mut();
        if inner.finished {
            return;
        }
        if flush == Flush::Done && inner.congested {
            inner.congested = false;
            let mut answer = shard.answer.take();
            inner.protocol.set_congested(false, &mut answer);
            if !answer.is_empty() {
                self.shared.append_protocol(&answer, false);
                flush = self.shared.flush(Thread::Shard, true);
            }
            answer.clear();
            shard.answer.set(answer);
        }
        match flush {
            Flush::Blocked => {
                inner.want_write = true;
            }
            // JavaScript's replies are still to come, and the close frame behind them.
            Flush::Done if inner.parting.is_some() => {}
            // What the peer sent before it broke off is still to be read, then how it ended.
            Flush::Failed if inner.reading == Reading::Ended => {
                inner.protocol.receive_eof();
            }
            Flush::Failed => {
                inner.reading = Reading::On;
                inner.readable = true;
                inner.ending = true;
                self.turn_later(shard);
            }
            Flush::Done if inner.reading == Reading::Ended => {
                inner.protocol.receive_eof();
            }
            Flush::Done if inner.protocol.should_half_close() && !inner.half_closed => {
                if let Some(fd) = self.shared.fd() {
                    inner.half_closed = true;
                    socket::shut_write(fd.as_fd());
                }
            }
            Flush::Done | Flush::Busy => {}
        }
        let closed = inner.protocol.state() == State::Closed;
        drop(inner);
        if closed {
            self.finish(shard);
        } else {
            self.arm(shard);
        }
    }

    /// Sees to it that the shard looks here when the deadline comes.
    pub(super) fn arm(&self, shard: &Shard) {
        let mut inner = self.inner.borrow_mut();
        if let Some(at) = inner.protocol.deadline()
            && at < inner.armed
        {
            inner.armed = at;
            shard.arm(&self.shared, at);
        }
    }

    /// The connection is over: tells the env, and lets go of everything.
    fn finish(&self, shard: &Rc<Shard>) {
        let mut inner = self.inner.borrow_mut();
        if std::mem::replace(&mut inner.finished, true) {
            return;
        }
        if inner.started
            && let Some(fd) = self.shared.fd()
        {
            shard.readiness.remove(fd.as_fd());
        }
        self.shared.finish();
        shard.leave_place();
        let slot = self.shared.slot;
        let mut recorder = self.shared.port.recorder(shard.index, &shard.rings);
        recorder.add(|batch| {
            let error = self.shared.overflow().map_or(0, |message| {
                batch.push_error(slot, 1006, BACKPRESSURE, message.to_owned())
            });
            error + batch.push_close(slot, inner.protocol.close_event())
        });
        drop((recorder, inner));
        shard.remove(self);
    }
}
