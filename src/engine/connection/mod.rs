//! One connection on its shard: answering, closing, finishing; and `reading`, `secure`.

mod reading;
mod secure;

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::backlog::HIGH_MARK;
use super::batch::{End, Kind};
use super::command::Frame;
use super::context::{Context, Output, Timer};
use super::mailbox::Recorder;
use super::row::Making;
use super::session::{Brought, Session};
use super::write_side::{Append, Flush, Thread, WriteSide, socket};
use crate::protocol::{Config, Fragment, Millis, State};

/// Frames of commands are written together, but not more bytes than this kept back for it.
const TOGETHER: usize = 16 * 1024;

/// Where the session reports its events; what the record of one is counted for.
type Record<'a> = dyn FnMut(Brought<'_>) -> usize + 'a;

/// How far the shard is with the socket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    /// It is not the shard's to read yet.
    Opened,
    /// It is this thread's, and what becomes of it is heard.
    Started,
    /// Its end is recorded: the shard forgets the connection.
    Finished,
}

/// A connection in its shard's table.
///
/// A message to a topic looks at each of its subscribers, and of most of them the cache has nothing: what that needs
/// comes first and lies together, whatever the size of a session.
#[repr(C)]
pub(super) struct Connection {
    pub(super) write_side: Arc<WriteSide>,
    /// The place in the table of the topic that stands for its `Base`, and its own among the subscribers.
    pub(super) base: u32,
    pub(super) place: u32,
    life: Life,
    /// It waits to be settled once all commands that have come are carried out.
    unsettled: bool,
    /// It waits for its turn.
    waits: bool,
    /// Its last turn took long.
    is_long: bool,
    /// The kernel took no more: write when it can be written to.
    want_write: bool,
    /// The write side ends once what is left of the records is written.
    shuts_write: bool,
    /// There may be something to read that is not reported again.
    readable: bool,
    /// Nothing comes after what is there to be read, so that no edge reports that again.
    ending: bool,
    /// The deadline that is armed.
    armed: Millis,
    session: Session,
    /// The other topics by their places in the table, each with its own among the subscribers.
    pub(super) topics: BTreeMap<u32, u32>,
}

impl Connection {
    pub(super) fn new(write_side: Arc<WriteSide>, config: Arc<Config>, now: Millis) -> Self {
        let session = match write_side.is_raw {
            true => Session::raw(config, now),
            false => Session::new(config, now),
        };
        Self {
            write_side,
            base: 0,
            place: 0,
            topics: BTreeMap::new(),
            session,
            life: Life::Opened,
            unsettled: false,
            waits: false,
            is_long: false,
            want_write: false,
            shuts_write: false,
            readable: false,
            ending: false,
            armed: Millis::MAX,
        }
    }

    /// Its place among the subscribers of the topic at `topic` is another from now on.
    pub(super) fn moved(&mut self, topic: u32, place: u32) {
        if topic == self.base {
            self.place = place;
        } else {
            self.topics.insert(topic, place);
        }
    }

    /// Whether so much waits for its peer, which does not take it, that a volatile message is not for it.
    pub(super) fn skips(&mut self, context: &mut Context) -> bool {
        // What is left after a write was tried counts.
        if self.write_side.buffered() > HIGH_MARK && !self.want_write {
            self.settle(context);
        }
        let skips = self.write_side.buffered() > HIGH_MARK;
        if skips {
            self.write_side.count_skipped();
        }
        skips
    }

    /// Whether it is over: the shard is to forget it.
    pub(super) fn is_over(&self) -> bool {
        self.life == Life::Finished
    }

    /// The shard has the socket to itself, and what JavaScript had read from it.
    pub(super) fn start(&mut self, context: &mut Context, received: Vec<u8>) {
        let added = match self.write_side.fd() {
            None => return,
            Some(fd) if self.write_side.is_watched => {
                context.readiness.change(fd.as_fd(), self.key())
            }
            Some(fd) => context.readiness.add(fd.as_fd(), self.key()),
        };
        if added.is_err() {
            return self.lose(context);
        }
        self.session.give(received);
        // Records that were read before report no edge.
        self.readable |= self.write_side.tls.is_some();
        self.life = Life::Started;
        self.take_kept(context);
        self.settle(context);
        self.turn_later(context);
    }

    /// Its key in the shard's table, for as long as it is there.
    fn key(&self) -> u32 {
        self.write_side.key.load(Ordering::Relaxed)
    }

    /// It has a turn once others had theirs.
    fn turn_later(&mut self, context: &mut Context) {
        self.turn_after(context, false);
    }

    /// The same, after a turn before which it `was_making` a message or not.
    fn turn_after(&mut self, context: &mut Context, was_making: bool) {
        if !std::mem::replace(&mut self.waits, true) {
            let making = Making::of(was_making, self.session.is_making());
            context.turns.push(self.key(), self.is_long, making);
        }
    }

    /// The connection is over: nothing more comes from the peer, or it is to be dropped.
    pub(super) fn lose(&mut self, context: &mut Context) {
        self.session.lose();
        self.finish(context);
    }

    /// JavaScript drops the connection. What it sent before a WebSocket began is written once, as libuv would have done by
    /// then.
    pub(super) fn terminate(&mut self, context: &mut Context) {
        if self.write_side.is_raw && self.life == Life::Started {
            self.write_side.flush(Thread::Shard, true);
        }
        self.lose(context);
    }

    /// Begins the closing handshake.
    pub(super) fn close(&mut self, context: &mut Context, code: u16, reason: &str) {
        let (now, mut is_read_on) = (context.now(), false);
        self.step(&mut context.output, |session, answer, _| {
            is_read_on = session.close(code, reason, now, answer);
        });
        self.settle(context);
        if is_read_on {
            self.read_on(context);
        }
    }

    /// An armed deadline has come; the one that holds by now may be later.
    pub(super) fn fire(&mut self, context: &mut Context, now: Millis) {
        self.armed = Millis::MAX;
        if self.session.is_due(now) && !self.read_before_deadline(context) {
            return;
        }
        if self.session.is_due(now) {
            let progress = self.write_side.progress();
            let mut is_read_on = false;
            self.step(&mut context.output, |session, answer, record| {
                is_read_on = session.fire(now, progress, answer, &mut |event| record(event));
            });
            self.settle(context);
            if is_read_on {
                self.read_on(context);
            }
        } else {
            self.arm(context);
        }
    }

    /// JavaScript has seen all that came before the connection began to close.
    pub(super) fn release_closing_answer(&mut self, context: &mut Context) {
        self.step(&mut context.output, |session, answer, _| {
            session.release_closing_answer(answer);
        });
        if self.session.phase() != State::Open {
            // If the peer has ended without a close frame, there is no answer to say that nothing follows.
            self.write_side.append_protocol(&[], true);
        }
        self.settle(context);
    }

    /// The write side of a raw connection is ended after what was sent.
    pub(super) fn end_writes(&mut self, context: &mut Context) {
        self.session.end_writes();
        self.settle(context);
    }

    /// A raw connection is read no more; that is recorded.
    pub(super) fn stop(&mut self, context: &mut Context) {
        self.step(&mut context.output, |session, _, record| {
            session.stop(&mut |event| record(event));
        });
    }

    /// From now on a message may have this many bytes.
    pub(super) fn set_max_payload(&mut self, bytes: u64) {
        self.session.set_max_payload(bytes);
    }

    /// Appends a message, compressed. [`appended`](Self::appended) follows.
    pub(super) fn append_message(&mut self, frame: &Frame) -> Append {
        let mut out = Vec::new();
        let (payload, compress) = (frame.payload(), frame.compress);
        self.session
            .send_message(frame.opcode, payload, compress, &mut out);
        self.write_side.shard_append(frame.cut(out))
    }

    /// Appends a fragment, compressed if its message is. [`appended`](Self::appended) follows.
    pub(super) fn append_fragment(&mut self, fragment: &Fragment) -> Append {
        let mut out = Vec::new();
        self.session.send_fragment(fragment, &mut out);
        self.write_side.shard_append(out)
    }

    /// What became of a frame that this shard appended.
    pub(super) fn appended(&mut self, context: &mut Context, append: Append) {
        match append {
            Append::Queued if self.write_side.buffered() >= TOGETHER => self.settle(context),
            Append::Queued => {
                if !std::mem::replace(&mut self.unsettled, true) {
                    context.settle_later(self.key());
                }
            }
            Append::Written | Append::Closed => {}
            Append::Full => self.lose(context),
        }
    }

    /// Lets the session take one step, records what that brings and queues what it answers.
    /// [`settle`](Self::settle) follows.
    fn step(
        &mut self,
        output: &mut Output,
        run: impl FnOnce(&mut Session, &mut Vec<u8>, &mut Record<'_>),
    ) {
        let write_side = &self.write_side;
        let mut recorder = Recorder::new(
            &write_side.mailbox,
            &write_side.undelivered,
            output.index,
            &mut output.rings,
        );
        let shares_memory = self.session.shares_memory();
        let answer = &mut output.answer;
        answer.clear();
        // Inflating the next message takes long, and JavaScript, if it is awake, must not wait for
        // that. A ping is not shown before its pong is queued, which happens below.
        let mut shows = write_side.deflate.is_some();
        run(&mut self.session, answer, &mut |brought| {
            shows &= brought.is_message();
            let cost =
                recorder.add(|batch| batch.push_brought(write_side.slot, brought, shares_memory));
            if shows {
                recorder.show();
            }
            cost
        });
        if !answer.is_empty() {
            let is_last = self.session.phase() != State::Open;
            write_side.append_protocol(answer, is_last);
        }
    }

    /// The connection is lost: JavaScript has no pause keep back any longer what came before that, or there would be no
    /// room to read the rest of it.
    fn end_pause(&self, context: &mut Context) {
        if self.session.is_paused() {
            let Output { index, rings, .. } = &mut context.output;
            let write_side = &self.write_side;
            let (mailbox, undelivered) = (&write_side.mailbox, &write_side.undelivered);
            let mut recorder = Recorder::new(mailbox, undelivered, *index, rings);
            recorder.add(|batch| batch.push_bare(Kind::Lost, write_side.slot));
        }
    }

    /// Begins to write what waits, together with that for others; it is settled once all of that is written. Otherwise it
    /// is settled now.
    pub(super) fn settle_with_others(&mut self, context: &mut Context) {
        if !context.sweep.begin(&self.write_side) {
            self.settle(context);
        }
    }

    /// Writes what waits (if the kernel takes no more, it waits until that does), and does what
    /// follows from that.
    pub(super) fn settle(&mut self, context: &mut Context) {
        self.unsettled = false;
        let flush = self.flush(&mut context.output.answer);
        if self.is_over() {
            return;
        }
        match flush {
            Flush::Blocked => self.want_write = true,
            Flush::Failed => {
                self.end_pause(context);
                if self.session.write_failed(context.now()) {
                    self.readable = true;
                    self.ending = true;
                    self.turn_later(context);
                }
            }
            Flush::Done if self.shuts_write || self.session.take_write_end() => {
                self.shut_write();
            }
            Flush::Done | Flush::Busy => {}
        }
        if self.session.phase() == State::Closed {
            self.finish(context);
        } else {
            self.arm(context);
        }
    }

    /// All was written that ever is: the peer hears so. A FIN does not overtake what says it within TLS.
    fn shut_write(&mut self) {
        if let Some(tls) = &self.write_side.tls {
            tls.lock().close();
            let flush = self.write_side.flush(Thread::Shard, true);
            self.want_write |= flush == Flush::Blocked;
            self.shuts_write = matches!(flush, Flush::Blocked | Flush::Busy);
            if self.shuts_write {
                return;
            }
        }
        if let Some(fd) = self.write_side.fd() {
            socket::shut_write(fd.as_fd());
        }
    }

    /// Writes what waits, and what the session had kept back until that was written.
    fn flush(&mut self, answer: &mut Vec<u8>) -> Flush {
        loop {
            let flush = self.write_side.flush(Thread::Shard, true);
            if flush != Flush::Done || self.is_over() {
                return flush;
            }
            answer.clear();
            self.session.written(answer);
            if answer.is_empty() {
                return flush;
            }
            self.write_side.append_protocol(answer, false);
        }
    }

    /// Sees to it that the shard looks here when the deadline comes.
    pub(super) fn arm(&mut self, context: &mut Context) {
        if let Some(at) = self.session.deadline()
            && at < self.armed
        {
            self.armed = at;
            let (id, key) = (self.write_side.id, self.key());
            context.timers.arm(Timer { at, id, key });
        }
    }

    /// The connection is over: reports that to the env, and lets go of everything but its place in the table.
    fn finish(&mut self, context: &mut Context) {
        let life = std::mem::replace(&mut self.life, Life::Finished);
        if life == Life::Finished {
            return;
        }
        if life == Life::Started
            && let Some(fd) = self.write_side.fd()
        {
            context.readiness.remove(fd.as_fd());
        }
        let end = End {
            frames: self.session.close_frames().cloned(),
            is_clean: self.session.is_clean(self.write_side.has_written_all()),
        };
        self.write_side.finish();
        context.leave_place(&self.write_side.mailbox);
        let Output { index, rings, .. } = &mut context.output;
        let write_side = &self.write_side;
        let (mailbox, undelivered) = (&write_side.mailbox, &write_side.undelivered);
        let mut recorder = Recorder::new(mailbox, undelivered, *index, rings);
        recorder.add(|batch| batch.push_end(write_side.slot, write_side.overflow(), end));
    }
}
