//! The stream transport: the same session, with JavaScript moving the bytes.
//!
//! Nothing here does I/O. Each call fills a batch with what follows from it, in order: events, bytes to write,
//! the end of the write side, and whether the stream is to be read.
//!
//! A listener may write to its stream, which may bring more within that write: those bytes wait for their turn.
//! So the env takes what came piece by piece ([`Stream::begin_turn`], [`Stream::take`] until it returns false,
//! [`Stream::end_turn`]), and delivers what a piece brings before it takes the next: a listener may pause the
//! stream in between.

#[cfg(test)]
mod by_hand;

use std::sync::Arc;

use super::backlog::{Backlog, HIGH_MARK, Overflow};
use super::batch::{Batch, End, Kind};
use super::session::{Brought, PIECE, Pressure, Session};
use crate::protocol::{
    Config, DeflateFilter, Filtered, Fragment, Header, Millis, Opcode, Payload, Progress, State,
    Violation,
};

/// Where the session reports its events; what the record of one is counted for.
type Record<'a> = dyn FnMut(Brought<'_>) -> usize + 'a;

/// Each record counts as much as this of a piece, whatever it costs: a piece has 32 of them at most, and the time is
/// looked at after each piece.
const SHARE: usize = PIECE / 32;

/// So few bytes are taken at once. Inflated they are 1 MiB at most.
const LITTLE: usize = 1024;

/// Who has the turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Nobody yet: what comes before JavaScript has emitted `open` waits.
    Unopened,
    Idle,
    /// What came is being taken and delivered.
    Taking,
}

/// Whether the stream brings what the peer sends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Running,
    Stopped,
}

/// A connection whose bytes JavaScript moves.
pub struct Stream {
    slot: u32,
    session: Session,
    filter: Option<DeflateFilter>,
    /// What waits to be written, as JavaScript has reported it last.
    backlog: Backlog,
    /// Most bytes that may wait, in either direction.
    limit: usize,
    turn: Turn,
    flow: Flow,
    /// Until when the peer is held back because of its messages, as JavaScript has it.
    held_back: Option<Millis>,
    /// Bytes that came while they had to wait for the end of a pause.
    unwanted: usize,
    /// The stream has written our close frame.
    has_left: bool,
    /// The stream has written all, its end included.
    is_finished: bool,
    /// An extension in JavaScript has as much to do as it may.
    is_full: bool,
    /// The app has paused it, though it is lost: what came before that waits.
    is_held: bool,
    /// The app's pause is to end, for the connection is lost.
    ends_pause: bool,
    /// The peer is gone: the stream is to bring what it has, and the loss, during a pause as well.
    is_hung_up: bool,
    /// It stands in the row of those that something is left of.
    has_place: bool,
    /// It is taken from at once, whatever the time: extensions in JavaScript stand before it, and go on meanwhile.
    pub is_chained: bool,
}

impl Stream {
    /// A connection that starts at `now`; `slot` is what its records carry, `limit` is in bytes. `filter` is
    /// permessage-deflate if it has its place among extensions in JavaScript.
    #[must_use]
    pub fn new(
        slot: u32,
        config: Arc<Config>,
        filter: Option<DeflateFilter>,
        limit: usize,
        now: Millis,
    ) -> Self {
        Self {
            slot,
            session: Session::new(config, now),
            filter,
            backlog: Backlog::default(),
            limit,
            turn: Turn::Unopened,
            flow: Flow::Running,
            held_back: None,
            unwanted: 0,
            has_left: false,
            is_finished: false,
            is_full: false,
            is_held: false,
            ends_pause: false,
            is_hung_up: false,
            has_place: false,
            is_chained: false,
        }
    }

    /// The stream brings what the peer sends from now on. True if something has come already: it waits for
    /// [`open`](Self::open), and so does what comes after it.
    pub fn begin(&mut self) -> bool {
        let has_next = self.session.has_next();
        if !has_next {
            self.open();
        }
        has_next
    }

    /// The app knows of the connection: what has come may be taken.
    pub fn open(&mut self) {
        if self.turn == Turn::Unopened {
            self.turn = Turn::Idle;
        }
    }

    /// Bytes came from the peer. If the app has paused it, no more than the limit is kept.
    pub fn give(&mut self, bytes: Vec<u8>, now: Millis) {
        let is_stopped = self.flow == Flow::Stopped && !self.session.is_lost();
        let waits = is_stopped && (!self.session.may_read() || self.is_behind());
        self.unwanted = match waits {
            true => self.unwanted + bytes.len(),
            false => 0,
        };
        self.session.give(bytes);
        if self.unwanted.min(self.session.unread()) > self.limit {
            self.overflow(Overflow::Paused);
            self.lose(now);
        }
    }

    /// The peer's FIN came, after all that was given. Of a peer that is gone it is the loss: Node may report a reset so.
    pub fn end(&mut self, now: Millis) {
        match self.is_hung_up {
            true => self.lose(now),
            false => self.session.end_after_unread(),
        }
    }

    /// The connection is lost: what came before that is taken, whatever the app asks for.
    pub fn break_off(&mut self, now: Millis) {
        self.end_pause();
        self.session.break_off(now);
    }

    /// The peer is gone, and the app has paused the stream: it is to bring what it has, and then the loss.
    pub fn hang_up(&mut self, batch: &mut Batch) {
        self.is_hung_up = true;
        self.regulate(batch);
    }

    /// A loss ends the app's pause. What came is taken once the app knows.
    fn end_pause(&mut self) {
        if self.session.is_paused() {
            self.is_held = true;
            self.ends_pause = true;
        }
    }

    /// The connection is lost, or has to be dropped, after all that came before.
    pub fn lose(&mut self, now: Millis) {
        self.end_pause();
        self.session.lose_after_unread(now);
    }

    /// The connection is to be dropped, whatever has come: the end is what comes next.
    pub fn terminate(&mut self, now: Millis) {
        self.is_held = false;
        self.session.discard_unread(now);
    }

    /// The connection is dropped at once, whatever has come.
    pub fn drop_now(&mut self, batch: &mut Batch) {
        self.step(batch, |session, _, _, _| {
            session.lose();
        });
    }

    /// What came may be taken from now on. False if that is happening already, or is not to happen yet.
    pub fn begin_turn(&mut self) -> bool {
        let begins = self.turn == Turn::Idle;
        if begins {
            self.turn = Turn::Taking;
        }
        begins
    }

    /// Takes some of what came, or the end. False if there is nothing more that may be taken.
    pub fn take(&mut self, now: Millis, batch: &mut Batch) -> bool {
        if self.turn != Turn::Taking {
            // The connection whose turn it was is over, and this one has its slot.
            return false;
        }
        if self.is_held {
            self.regulate(batch);
            return false;
        }
        let mut has_taken = false;
        self.step(batch, |session, pressure, answer, record| {
            has_taken = session.take(pressure, now, answer, &mut |event| record(event));
        });
        has_taken
    }

    /// No more is taken in this turn.
    pub fn end_turn(&mut self, batch: &mut Batch) {
        if self.turn == Turn::Taking {
            self.turn = Turn::Idle;
            self.regulate(batch);
        }
    }

    /// Whether something is left that may be taken.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let waits = self.is_paused() || self.session.held_back_until().is_some();
        self.turn == Turn::Idle && !waits && self.session.has_next()
    }

    /// Whether it is taken from though others have used up the time: for a little that nothing waits before, or if
    /// extensions stand before it.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        let is_little = !self.session.is_making() && self.session.unread() <= LITTLE;
        self.is_chained || (!self.has_place && is_little)
    }

    /// Whether a message has come that takes long, and is still being made.
    #[must_use]
    pub fn is_making(&self) -> bool {
        self.session.is_making()
    }

    /// Takes a place in the row of those that something is left of, unless it has one.
    pub fn take_place(&mut self) -> bool {
        !std::mem::replace(&mut self.has_place, true)
    }

    /// Leaves its place, if it has one.
    pub fn leave_place(&mut self) -> bool {
        std::mem::take(&mut self.has_place)
    }

    /// This many bytes wait to be written. If that is much, or a close frame is among it,
    /// [`written`](Self::written) follows.
    pub fn queue(&mut self, queued: usize) {
        self.backlog.set(queued);
    }

    /// This many bytes wait to be written. The batch reports when all of them are.
    pub fn await_drain(&mut self, queued: usize) {
        self.backlog.set(queued);
        self.backlog.await_drain();
    }

    /// All that waited has been written.
    pub fn written(&mut self, batch: &mut Batch) {
        self.backlog.set(0);
        self.has_left |= self.session.has_answered();
        if self.backlog.take_drained() && self.session.phase() != State::Closed {
            batch.push_bare(Kind::Drain, self.slot);
        }
        self.step(batch, |session, _, answer, _| session.relieve(answer));
    }

    /// The stream has written all, its end included.
    pub fn finish(&mut self, batch: &mut Batch) {
        self.is_finished = true;
        self.has_left |= self.session.has_answered();
        self.step(batch, |session, _, _, _| session.writes_finished());
    }

    /// Whether a message may be added to the `queued` bytes that wait, which cost `overhead` bytes more. If there
    /// is no room, the connection is to be dropped; to one that is lost, nothing is sent.
    pub fn may_send(&mut self, queued: usize, overhead: usize) -> bool {
        if self.session.is_lost() || self.is_dropped() {
            return false;
        }
        self.backlog.set(queued);
        let is_full = self.backlog.is_full(self.limit.saturating_sub(overhead));
        if is_full {
            self.overflow(Overflow::Output);
        }
        !is_full
    }

    /// Whether there was no room for more.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.backlog.overflowed().is_some()
    }

    /// There is no room for more: the connection is to be dropped.
    pub fn overflow(&mut self, overflow: Overflow) {
        self.backlog.overflow(overflow);
    }

    /// A frame with this message, compressed if that was agreed on and `compress` says so. It has
    /// to be written, and in this order: the next may refer to it.
    pub fn message(&mut self, opcode: Opcode, message: &[u8], compress: bool) -> Vec<u8> {
        let mut frame = Vec::new();
        self.session
            .send_message(opcode, message, compress, &mut frame);
        frame
    }

    /// A frame with this fragment. It has to be written, as [`message`](Self::message) says.
    pub fn fragment(&mut self, fragment: &Fragment) -> Vec<u8> {
        let mut frame = Vec::new();
        self.session.send_fragment(fragment, &mut frame);
        frame
    }

    /// A ping is about to be written.
    pub fn count_ping(&mut self) {
        self.session.expect_pongs(1);
    }

    /// Takes a frame that was received through the filter. What is wrong with it fails the
    /// connection, and the frame is kept.
    pub fn inflate(
        &mut self,
        header: &Header,
        payload: &[u8],
        now: Millis,
        batch: &mut Batch,
    ) -> Filtered {
        if matches!(self.session.phase(), State::Draining | State::Closed) {
            // Nothing is read any more; without what was missed, it may be inflated to anything.
            return Filtered::Kept;
        }
        let filtered = match &mut self.filter {
            Some(filter) => filter.read(header, payload),
            None => Ok(Filtered::Untouched),
        };
        filtered.unwrap_or_else(|violation| {
            self.fail(violation, now, batch);
            Filtered::Kept
        })
    }

    /// A frame that was received never comes to the filter. If it has to, this fails the
    /// connection.
    pub fn miss(&mut self, opcode: Opcode, rsv1: bool, now: Millis, batch: &mut Batch) {
        let missed = self.filter.as_ref().map(|filter| filter.miss(opcode, rsv1));
        if let Some(Err(violation)) = missed {
            self.fail(violation, now, batch);
        }
    }

    fn fail(&mut self, violation: Violation, now: Millis, batch: &mut Batch) {
        self.step(batch, |session, _, answer, record| {
            session.fail(violation, now, answer, &mut |event| record(event));
        });
    }

    /// The frame of the last message that was compressed by the filter is not written: the next
    /// refers to nothing.
    pub fn forget_sent(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.forget_sent();
        }
    }

    /// Takes a message through the filter: the payload of its frame, which has to be written before
    /// the next is compressed, or [forgotten](Self::forget_sent); nothing if it is to be sent as
    /// it is.
    pub fn compress(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        self.filter.as_mut()?.compress(message)
    }

    /// Begins the closing handshake, unless something that was sent has been dropped: no close frame may say
    /// that all has come then.
    pub fn close(&mut self, code: u16, reason: &str, now: Millis, batch: &mut Batch) {
        if self.session.is_lost() || self.is_dropped() {
            return;
        }
        self.step(batch, |session, _, answer, _| {
            session.close(code, reason, now, answer);
        });
    }

    /// JavaScript has seen all that came before the connection began to close.
    pub fn release_closing_answer(&mut self, batch: &mut Batch) {
        self.step(batch, |session, _, answer, _| {
            session.release_closing_answer(answer)
        });
    }

    /// Does what is due at `now`. What came may be taken then.
    pub fn fire(&mut self, now: Millis, progress: Progress, batch: &mut Batch) {
        self.step(batch, |session, _, answer, record| {
            session.fire(now, progress, answer, &mut |event| record(event));
        });
    }

    /// The app stops reading, or goes on. Returns whether it is paused then.
    pub fn pause(&mut self, paused: bool, now: Millis, batch: &mut Batch) -> bool {
        self.is_held = paused && self.session.is_lost();
        self.session.pause(paused, now);
        self.regulate(batch);
        self.is_paused()
    }

    /// Whether the app has paused it.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_held || self.session.is_paused()
    }

    /// An extension in JavaScript holds as much as it may, or no more.
    pub fn fill(&mut self, is_full: bool, batch: &mut Batch) {
        self.is_full = is_full;
        self.regulate(batch);
    }

    /// From now on a message may have this many bytes.
    pub fn set_max_payload(&mut self, bytes: u64) {
        self.session.set_max_payload(bytes);
    }

    /// When [`Stream::fire`] is to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        self.session.deadline()
    }

    /// Whether bytes wait, which come before all others.
    fn is_behind(&self) -> bool {
        self.turn == Turn::Idle && self.session.unread() > 0
    }

    /// Whether the stream is to wait for what is left: it stops if that is much. It goes on once the turn is over and
    /// nothing is left: a listener may pause it within the turn, and would be followed by that it goes on.
    fn is_late(&self) -> bool {
        match self.flow {
            Flow::Running => self.turn == Turn::Idle && self.session.unread() > HIGH_MARK,
            Flow::Stopped => self.turn == Turn::Taking || self.session.unread() > 0,
        }
    }

    /// Has the stream read, or the peer wait: for the app, for an extension, for this thread, or because of its messages.
    /// With a peer that is held back, the deadline has changed: JavaScript hears of that in any case. Says that a pause
    /// ends.
    pub fn regulate(&mut self, batch: &mut Batch) {
        if self.session.phase() == State::Closed {
            return;
        }
        if std::mem::take(&mut self.ends_pause) {
            batch.push_bare(Kind::Lost, self.slot);
        }
        let held_back = self.session.held_back_until();
        let waits = self.is_full || self.is_paused() || held_back.is_some() || self.is_late();
        let (flow, kind) = match waits && !self.is_hung_up {
            true => (Flow::Stopped, Kind::Stop),
            false => (Flow::Running, Kind::Go),
        };
        let is_news = flow != self.flow || held_back != self.held_back;
        if is_news {
            (self.flow, self.held_back) = (flow, held_back);
            batch.push_bare(kind, self.slot);
        }
    }

    fn step(
        &mut self,
        batch: &mut Batch,
        run: impl FnOnce(&mut Session, Pressure, &mut Vec<u8>, &mut Record<'_>),
    ) {
        if self.session.phase() == State::Closed {
            return;
        }
        let (slot, shares_memory) = (self.slot, self.session.shares_memory());
        let first = batch.records.len();
        let mut answer = Vec::new();
        let pressure = Pressure {
            queued: self.backlog.queued(),
            unsent: !self.is_finished,
            pings: 0,
        };
        run(&mut self.session, pressure, &mut answer, &mut |brought| {
            batch.push_brought(slot, brought, shares_memory).max(SHARE)
        });
        if !answer.is_empty() {
            batch.push_bytes(Kind::Write, slot, Payload::Owned(answer));
            // A pong is queued before its ping is reported.
            batch.records[first..].rotate_right(1);
        }
        if self.session.take_write_end() {
            batch.push_bare(Kind::End, slot);
        }
        if self.session.phase() == State::Closed {
            let end = End {
                frames: self.session.close_frames().cloned(),
                is_clean: self.session.is_clean(self.has_left),
            };
            batch.push_end(slot, self.backlog.overflowed(), end);
        } else {
            self.regulate(batch);
        }
    }
}
