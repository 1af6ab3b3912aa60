//! The rules of a connection's life, whichever transport moves its bytes.
//!
//! A session has the protocol, and what a transport needs beside it: whether the peer is read, what of its
//! bytes waits for that, when the answer to a close frame may leave, and when the end is the end. It does no
//! I/O, and time is an argument. A transport hands in what happened:
//!
//! - bytes came ([`Session::receive`], or [`Session::give`] and [`Session::take`] if others wait already), or
//!   the peer's FIN ([`Session::end_reads`]), or the connection was lost ([`Session::lose`]);
//! - all that waited was written ([`Session::written`]), or writing failed ([`Session::write_failed`]);
//! - the app closes, pauses or resumes; JavaScript has seen what came before the closing
//!   ([`Session::release_closing_answer`]); a deadline has come ([`Session::fire`]).
//!
//! Bytes are taken piece by piece: what is more than a piece waits ([`Session::unread`]) until it is taken. So is a
//! message that takes long to inflate or to transcode ([`Session::is_making`]).
//!
//! After each of these it queues what was appended to `out`, delivers the events, and looks at
//! [`Session::phase`], [`Session::may_read`], [`Session::take_write_end`] and [`Session::deadline`].
//!
//! **The closing answer.** A message and a close frame may come in one read. The close frame that answers must
//! not leave before the replies to the message, and no frame may follow it (RFC 6455 §5.5.1). So the session
//! keeps it until JavaScript has seen all that came before. The same holds for the answer to a violation, and
//! for the close frame that an idle peer gets.
//!
//! **The end.** The peer's FIN ends the connection once JavaScript has seen all that came before it, and what it
//! replied is written. That waits as the answer to a close frame does, with nothing in it, and for `closeTimeout` at
//! most. If nothing ever came and nothing is still to be written, the end comes at once.

#[cfg(test)]
mod by_hand;
mod raw;
mod unread;

use std::cell::Cell;
use std::sync::Arc;

use super::backlog::HIGH_MARK;
use super::utf16::LongText;
use crate::protocol::{
    self, CloseFrames, Config, Event, Fragment, Millis, Opcode, Payload, Progress, State,
    Violation, read_request_head,
};
use raw::Raw;
use unread::{Next, Unread};

/// Most bytes that are taken at once: each ping in them is answered, however much waits to be written.
pub(super) const READ: usize = 128 * 1024;
/// Once the records of what was taken are counted for this much, the rest waits: others have their turn, and the
/// app is heard.
pub(super) const PIECE: usize = 64 * 1024;
/// What a message counts for a piece at least, if it may have to be inflated: that takes some microseconds, however
/// small it is, and up to fifty with the most blocks that a peer may end by BFINAL.
const INFLATED: usize = 2 * 1024;

/// A text of this many bytes that has memory of its own becomes UTF-16 step by step.
const LONG_TEXT: usize = 256 * 1024;

/// What a session brings.
#[derive(Debug)]
pub enum Brought<'a> {
    /// What the protocol reports.
    Event(Event<'a>),
    /// A long text message, as UTF-16.
    Wide(Vec<u16>),
    /// Of a session that is [raw](Session::raw): bytes, as they came.
    Bytes(&'a [u8]),
    /// Of a raw one: the head of the request that it begins with, which opens a WebSocket; see
    /// [`read_request_head`]. Nothing is read after that until the app reads on.
    Head(&'a [u8]),
    /// Of a raw one: the peer has ended.
    Ended,
    /// Of a raw one: [`Session::stop`] was carried out, and nothing comes after this.
    Stopped,
}

impl Brought<'_> {
    /// Whether it is a message.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(
            self,
            Self::Event(Event::Text(_) | Event::Utf8(_) | Event::Binary(_)) | Self::Wide(_)
        )
    }
}

/// What the protocol reports in one step, on its way to the transport.
struct Step<'a, F> {
    on_event: &'a mut F,
    /// What an event counts for at least.
    least: usize,
    /// What all of them count for.
    cost: &'a Cell<usize>,
    begins_closing: bool,
    /// A text that is still to be transcoded. Nothing comes after it in this step.
    long_text: Option<Vec<u8>>,
}

impl<'a, F: FnMut(Brought<'_>) -> usize> Step<'a, F> {
    fn new(on_event: &'a mut F, least: u32, cost: &'a Cell<usize>) -> Self {
        Self {
            on_event,
            least: least as usize,
            cost,
            begins_closing: false,
            long_text: None,
        }
    }

    #[inline]
    fn see(&mut self, event: Event<'_>) {
        self.begins_closing |= begins_closing(&event);
        let cost = match event {
            Event::Text(Payload::Owned(text)) if text.len() >= LONG_TEXT && !text.is_ascii() => {
                self.long_text = Some(text);
                PIECE
            }
            event => (self.on_event)(Brought::Event(event)).max(self.least),
        };
        self.cost.set(self.cost.get() + cost);
    }
}

/// Whether the peer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    On,
    /// The app asked for a pause.
    Paused,
    /// The env has no room for records.
    Suspended,
    /// The peer has sent as many messages as it may, until it may send the next.
    HeldBack,
    /// The connection is lost: what has come is taken, whatever the app asks for.
    Lost,
    /// The peer's FIN was read; what is queued is still being written.
    Ended,
    /// What comes is for the session that follows.
    Stopped,
}

/// The write side of the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    Open,
    /// It is to be ended after what is queued, and the transport knows.
    Ended,
}

/// What a transport knows of the other direction when bytes come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pressure {
    /// Bytes that wait to be written.
    pub queued: usize,
    /// Whether the write side has something to do still: the peer's FIN is not the end then.
    pub unsent: bool,
    /// Pings that were sent, or are about to be, since it was asked last.
    pub pings: u32,
}

/// The rules of one connection's life.
#[derive(Debug)]
pub struct Session {
    protocol: protocol::Connection,
    reading: Reading,
    writes: Writes,
    /// What an event counts for a piece at least.
    least: u32,
    unread: Unread,
    /// The message that comes next, on its way to UTF-16.
    long_text: Option<Box<LongText>>,
    /// Kept until JavaScript has seen what came before the closing; empty if that is the peer's FIN.
    closing_answer: Option<Box<[u8]>>,
    /// Something was reported that JavaScript may reply to.
    has_reported: bool,
    /// It hands on bytes: no WebSocket has begun.
    raw: Option<Raw>,
    /// Most bytes of the first request of a raw one, if it is to say whether that opens a WebSocket.
    head: u32,
}

impl Session {
    /// A session whose clocks start at `now`.
    #[must_use]
    pub fn new(config: Arc<Config>, now: Millis) -> Self {
        let least = config.deflate.map_or(0, |_| INFLATED as u32);
        Self {
            protocol: protocol::Connection::new(config, now),
            reading: Reading::On,
            writes: Writes::Open,
            least,
            unread: Unread::default(),
            long_text: None,
            closing_answer: None,
            has_reported: false,
            raw: None,
            head: 0,
        }
    }

    /// A session that hands on bytes. Of `config` nothing is used: it must have no clocks. If the first bytes that come
    /// are a request that opens a WebSocket, of at most `head` bytes, its head is brought instead.
    #[must_use]
    pub fn raw(config: Arc<Config>, head: u32, now: Millis) -> Self {
        Self {
            raw: Some(Raw::Open),
            head,
            ..Self::new(config, now)
        }
    }

    /// How far the connection is. What is in `out` is the last that may be sent unless this is
    /// [`State::Open`].
    #[must_use]
    pub fn phase(&self) -> State {
        self.protocol.state()
    }

    /// Whether what the peer sends may still be reported.
    #[must_use]
    pub fn brings_messages(&self) -> bool {
        self.protocol.brings_messages()
    }

    /// Whether what is reported may be a slice of memory that others share.
    #[must_use]
    pub fn shares_memory(&self) -> bool {
        self.protocol.shares_memory()
    }

    /// What the close frames say; `None` if the closing has not begun. Final once the phase is [`State::Closed`].
    #[must_use]
    pub fn close_frames(&self) -> Option<&CloseFrames> {
        self.protocol.close_frames()
    }

    /// Whether our close frame is among what was appended to `out`.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.phase() != State::Open && self.closing_answer.is_none()
    }

    /// Whether the closing handshake was completed: the peer's close frame came, and ours left, which the
    /// transport knows. The stream may end in any way after that (RFC 6455 §7.1.4).
    #[must_use]
    pub fn is_clean(&self, has_left: bool) -> bool {
        let is_answer = |frames: &CloseFrames| frames.received.is_some();
        has_left && self.has_answered() && self.close_frames().is_some_and(is_answer)
    }

    /// When [`Session::fire`] is to be called. It changes with every call.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        let due = self.protocol.deadline();
        match self.held_back_until() {
            Some(at) => Some(due.map_or(at, |due| due.min(at))),
            None => due,
        }
    }

    /// When the peer is read again, if it is held back because of its messages.
    #[must_use]
    pub fn held_back_until(&self) -> Option<Millis> {
        match self.reading {
            Reading::HeldBack => self.protocol.next_message_at(),
            _ => None,
        }
    }

    /// Whether its time is up at `now`.
    #[must_use]
    pub fn is_due(&self, now: Millis) -> bool {
        self.deadline().is_some_and(|at| at <= now)
    }

    /// Whether the peer is to be read: neither the app nor the env nor its own haste holds
    /// that back, and it has not ended.
    #[must_use]
    pub fn may_read(&self) -> bool {
        matches!(self.reading, Reading::On | Reading::Lost)
    }

    /// Whether the app has paused it.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.reading == Reading::Paused
    }

    /// Bytes that came and wait to be taken.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Whether a message has come that is still being made, step by step: it is inflated, or its text transcoded.
    #[must_use]
    pub fn is_making(&self) -> bool {
        self.protocol.is_inflating() || self.long_text.is_some()
    }

    /// Whether something that came is still to be taken.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.is_making() || self.unread() > 0
    }

    /// The same, or the end is.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.is_making() || self.unread.has_next()
    }

    /// Bytes came that are to be taken before all that come later.
    pub fn give(&mut self, bytes: Vec<u8>) {
        self.unread.push(bytes);
    }

    /// Takes some of the bytes that wait, or the end after them. False if nothing waits that may be taken now.
    pub fn take(
        &mut self,
        pressure: Pressure,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Brought<'_>) -> usize,
    ) -> bool {
        if self.phase() == State::Closed {
            return false;
        }
        if self.reading == Reading::Ended && self.unread.is_lost() {
            self.lose();
            return true;
        }
        if !self.may_read() {
            return false;
        }
        if self.is_making() {
            self.make(pressure, now, out, on_event);
            return true;
        }
        let Some((mut bytes, piece)) = self.unread.take(READ) else {
            return match self.unread.take_next() {
                Next::Bytes => false,
                Next::Fin => {
                    self.end_reads(pressure, now, on_event);
                    true
                }
                Next::Loss => {
                    self.lose();
                    true
                }
            };
        };
        let start = piece.start;
        let taken = self.take_piece(&mut bytes[piece], pressure, now, out, on_event);
        self.unread.put_back(bytes, start + taken);
        true
    }

    /// Takes a piece of what came from the peer, which nothing waits before. The rest waits. `on_event` returns what
    /// the record of an event is counted for.
    #[inline]
    pub fn receive(
        &mut self,
        bytes: &mut [u8],
        pressure: Pressure,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Brought<'_>) -> usize,
    ) {
        let taken = self.take_piece(bytes, pressure, now, out, on_event);
        if taken < bytes.len() {
            self.unread.push(bytes[taken..].to_vec());
        }
    }

    /// Takes the first of these bytes: how many.
    #[inline]
    fn take_piece(
        &mut self,
        bytes: &mut [u8],
        pressure: Pressure,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Brought<'_>) -> usize,
    ) -> usize {
        if self.raw.is_some() {
            let most = std::mem::take(&mut self.head) as usize;
            match read_request_head(bytes, most) {
                Some(head) => {
                    on_event(Brought::Head(&head));
                    self.pause(true, now);
                }
                None => {
                    on_event(Brought::Bytes(bytes));
                }
            }
            return bytes.len();
        }
        self.feel(pressure, out);
        let (before, cost) = (out.len(), Cell::new(0));
        let mut step = Step::new(on_event, self.least, &cost);
        let goes_on = || cost.get() < PIECE;
        let mut see = |event: Event<'_>| step.see(event);
        let taken = self
            .protocol
            .receive_while(bytes, now, out, &mut see, goes_on);
        let (begins, long_text) = (step.begins_closing, step.long_text);
        self.stepped(begins, long_text, cost.get(), before, now, out);
        taken
    }

    /// Goes on with the message that is being made.
    fn make(
        &mut self,
        pressure: Pressure,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Brought<'_>) -> usize,
    ) {
        self.feel(pressure, out);
        if let Some(text) = &mut self.long_text {
            self.protocol.heard(now);
            if text.step() {
                self.bring_long_text(on_event);
                self.hold_back(now);
            }
            return;
        }
        let (before, cost) = (out.len(), Cell::new(0));
        let mut step = Step::new(on_event, self.least, &cost);
        let mut see = |event: Event<'_>| step.see(event);
        self.protocol.inflate_on(now, out, &mut see);
        let (begins, long_text) = (step.begins_closing, step.long_text);
        self.stepped(begins, long_text, cost.get(), before, now, out);
    }

    /// Brings the text that is being transcoded, however much of that is left.
    fn bring_long_text(&mut self, on_event: &mut impl FnMut(Brought<'_>) -> usize) {
        if let Some(text) = self.long_text.take() {
            on_event(Brought::Wide(text.finish()));
        }
    }

    /// After a step of the protocol, which was counted for this `cost`; it had answered nothing `before`.
    #[inline]
    fn stepped(
        &mut self,
        begins_closing: bool,
        long_text: Option<Vec<u8>>,
        cost: usize,
        before: usize,
        now: Millis,
        out: &mut Vec<u8>,
    ) {
        self.has_reported |= cost > 0;
        if let Some(text) = long_text {
            self.long_text = Some(Box::new(LongText::new(text)));
        }
        self.keep(begins_closing, before, out);
        self.hold_back(now);
    }

    /// Where a transport may put what comes next, in place of [`receive`](Self::receive); see
    /// [`protocol::Connection::room`]. [`received`](Self::received) follows.
    #[inline]
    pub fn room(&mut self, least: usize) -> Option<(&mut Vec<u8>, usize)> {
        self.protocol.room(least)
    }

    /// The transport has appended `length` bytes to what [`room`](Self::room) gave it, one or more.
    pub fn received(
        &mut self,
        length: usize,
        pressure: Pressure,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Brought<'_>) -> usize,
    ) {
        self.feel(pressure, out);
        let (before, cost) = (out.len(), Cell::new(0));
        let mut step = Step::new(on_event, self.least, &cost);
        let mut see = |event: Event<'_>| step.see(event);
        self.protocol.received(length, now, out, &mut see);
        let (begins, long_text) = (step.begins_closing, step.long_text);
        self.stepped(begins, long_text, cost.get(), before, now, out);
    }

    /// If much waits to be written, only the latest ping gets an answer, when the rest is written (RFC 6455 §5.5.3).
    #[inline]
    fn feel(&mut self, pressure: Pressure, out: &mut Vec<u8>) {
        if pressure.queued > HIGH_MARK {
            self.protocol.set_congested(true, out);
        }
        self.protocol.expect_pongs(pressure.pings);
    }

    /// A peer that has sent as many messages as it may is not read until it may send the next. Its silence is not its
    /// own meanwhile.
    #[inline]
    fn hold_back(&mut self, now: Millis) {
        let is_done = self.reading == Reading::On && !self.is_making();
        if is_done && self.protocol.is_held_back(now) {
            self.reading = Reading::HeldBack;
            self.protocol.suspend(now);
        }
    }

    /// This many pings are about to be sent.
    pub fn expect_pongs(&mut self, pings: u32) {
        self.protocol.expect_pongs(pings);
    }

    /// Keeps what was answered since `before` back if the closing has begun by it.
    #[inline]
    fn keep(&mut self, begins: bool, before: usize, out: &mut Vec<u8>) {
        if begins {
            self.closing_answer = Some(out.drain(before..).collect());
        }
    }

    /// Fails the connection for what the transport found.
    pub fn fail(
        &mut self,
        violation: Violation,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Brought<'_>) -> usize,
    ) {
        self.bring_long_text(on_event);
        let (before, mut begins) = (out.len(), false);
        self.protocol.fail(violation, now, out, &mut |event| {
            begins |= begins_closing(&event);
            on_event(Brought::Event(event));
        });
        self.keep(begins, before, out);
    }

    /// The peer's FIN came, after all that was taken.
    pub fn end_reads(
        &mut self,
        pressure: Pressure,
        now: Millis,
        on_event: &mut impl FnMut(Brought<'_>) -> usize,
    ) {
        if self.raw.is_some() {
            return self.end_raw_reads(on_event);
        }
        let phase = self.phase();
        let has_more_to_say = match phase {
            State::Open => self.has_reported || pressure.queued > 0,
            _ => pressure.unsent || self.closing_answer.is_some(),
        };
        if !has_more_to_say {
            return self.lose();
        }
        self.reading = Reading::Ended;
        self.protocol.end_reads(now);
        if phase == State::Open {
            self.closing_answer = Some(Box::default());
            on_event(Brought::Event(Event::Closing));
        }
    }

    /// The same of a raw session.
    fn end_raw_reads(&mut self, on_event: &mut impl FnMut(Brought<'_>) -> usize) {
        if self.reading == Reading::Stopped {
            return;
        }
        if self.raw == Some(Raw::Broken) {
            return self.lose();
        }
        self.reading = Reading::Ended;
        on_event(Brought::Ended);
        if self.raw == Some(Raw::Ended) {
            self.lose();
        }
    }

    /// Nothing is read any more by a raw session: this is brought after all that was. Not if the connection is over.
    pub fn stop(&mut self, on_event: &mut impl FnMut(Brought<'_>) -> usize) {
        let is_over = self.reading == Reading::Stopped || self.phase() == State::Closed;
        if self.raw.is_none() || is_over {
            return;
        }
        while let Some((bytes, range)) = self.unread.take(READ) {
            let end = range.end;
            on_event(Brought::Bytes(&bytes[range]));
            self.unread.put_back(bytes, end);
        }
        self.reading = Reading::Stopped;
        on_event(Brought::Stopped);
    }

    /// The peer's FIN came after the bytes that wait to be taken.
    pub fn end_after_unread(&mut self) {
        self.unread.end(Next::Fin);
    }

    /// The connection is lost: from now on what has come is taken, whatever the app asks for.
    pub fn break_off(&mut self, now: Millis) {
        if self.reading != Reading::Ended {
            self.read_on(now);
            self.reading = Reading::Lost;
            self.protocol.stop_holding_back();
        }
    }

    /// The connection is lost, and nothing comes after the bytes that wait to be taken.
    pub fn lose_after_unread(&mut self, now: Millis) {
        self.break_off(now);
        self.unread.end(Next::Loss);
    }

    /// Whether the connection is lost, though what has come may still be taken.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.reading == Reading::Lost
    }

    /// The end: nothing more comes from the peer, or the connection is to be dropped.
    pub fn lose(&mut self) {
        self.protocol.receive_eof();
        self.clear();
    }

    /// Nothing that came is taken any more.
    fn clear(&mut self) {
        self.protocol.stop_inflating();
        self.long_text = None;
        self.unread.clear();
    }

    /// The connection is to be dropped, and nothing that came is taken any more: the end is what comes next.
    pub fn discard_unread(&mut self, now: Millis) {
        self.clear();
        self.lose_after_unread(now);
    }

    /// The peer reads again: what waited for that is appended to `out`.
    pub fn relieve(&mut self, out: &mut Vec<u8>) {
        self.protocol.set_congested(false, out);
    }

    /// All that was queued has been written. The caller writes what this appends to `out` in turn, and reports it
    /// again.
    pub fn written(&mut self, out: &mut Vec<u8>) {
        self.relieve(out);
        // JavaScript's replies are still to come if the closing answer waits for them.
        let is_all = out.is_empty() && self.closing_answer.is_none();
        if is_all && self.reading == Reading::Ended && self.raw.is_none() {
            self.lose();
        }
    }

    /// The write side has ended, and all before that was written.
    pub fn writes_finished(&mut self) {
        if self.reading == Reading::Ended {
            self.lose();
        }
    }

    /// Nothing can be written any more. What the peer sent before it broke off is still to be read, then how it
    /// ended: true unless it has ended.
    pub fn write_failed(&mut self, now: Millis) -> bool {
        if matches!(self.reading, Reading::Ended | Reading::Stopped) {
            self.lose();
            return false;
        }
        if let Some(raw) = &mut self.raw {
            *raw = Raw::Broken;
        }
        self.read_on(now);
        true
    }

    /// True once, if the write side of the transport is to be ended after what is queued.
    pub fn take_write_end(&mut self) -> bool {
        if let Some(raw) = &mut self.raw {
            let is_due = raw.take_end();
            if is_due && self.reading == Reading::Ended {
                self.lose();
            }
            return is_due;
        }
        if self.phase() != State::Draining || self.closing_answer.is_some() {
            return false;
        }
        // Once the peer has ended, a client has no more reason to wait for that.
        let is_last = self.protocol.should_half_close() || self.reading == Reading::Ended;
        let is_due = is_last && self.writes == Writes::Open;
        if is_due {
            self.writes = Writes::Ended;
        }
        is_due
    }

    /// The write side of a raw session is to be ended after what is queued.
    pub fn end_writes(&mut self) {
        if let Some(raw) = &mut self.raw {
            raw.end();
        }
    }

    /// JavaScript has seen all that came before the connection began to close: the answer may leave. What is in
    /// `out` then is the last that may be sent.
    pub fn release_closing_answer(&mut self, out: &mut Vec<u8>) {
        self.append_closing_answer(out);
        if self.reading == Reading::Ended {
            self.protocol.end_writes();
        }
    }

    fn append_closing_answer(&mut self, out: &mut Vec<u8>) {
        // One that was kept to the end stays: it says that the handshake was not completed.
        if self.phase() != State::Closed
            && let Some(answer) = self.closing_answer.take()
        {
            out.extend_from_slice(&answer);
        }
    }

    /// Begins the closing handshake. If the peer has begun it, its answer waits no longer: to JavaScript the
    /// connection is closed, and what it sends to all from now on is not for this one. True if the peer is read
    /// again by that, whatever held that back: its close frame has to be read.
    pub fn close(&mut self, code: u16, reason: &str, now: Millis, out: &mut Vec<u8>) -> bool {
        if let Some(raw) = &mut self.raw {
            raw.end();
            return false;
        }
        self.append_closing_answer(out);
        self.protocol.close(code, reason, now, out);
        if !self.brings_messages() {
            self.long_text = None;
        }
        if self.reading == Reading::Ended {
            self.protocol.end_writes();
        }
        let waits = self.waits();
        if waits {
            self.read_on(now);
        }
        waits
    }

    /// Does what is due at `now`. The transport has handed in what it could read before. True if the peer is read again
    /// by that.
    pub fn fire(
        &mut self,
        now: Millis,
        progress: Progress,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Brought<'_>) -> usize,
    ) -> bool {
        let is_over = self.held_back_until().is_some_and(|at| at <= now);
        let reads_on = is_over && self.read_on(now);
        if self.may_read() && self.is_making() {
            // It is we who are late, and not the peer.
            self.make(Pressure::default(), now, out, on_event);
        }
        if !self.is_due(now) {
            return reads_on;
        }
        self.bring_long_text(on_event);
        self.release_closing_answer(out);
        let (before, mut begins) = (out.len(), false);
        self.protocol
            .handle_timeout(now, progress, out, &mut |event| {
                begins |= begins_closing(&event);
                on_event(Brought::Event(event));
            });
        self.keep(begins, before, out);
        reads_on
    }

    /// The app stops reading, or goes on; the peer's silence does not count meanwhile. True if that changes
    /// whether the peer is read.
    pub fn pause(&mut self, paused: bool, now: Millis) -> bool {
        match self.reading {
            Reading::On | Reading::Suspended | Reading::HeldBack if paused => {
                self.protocol.suspend(now);
                self.reading = Reading::Paused;
                true
            }
            Reading::Paused if !paused => self.read_on(now),
            _ => false,
        }
    }

    /// The env has no room for records: reading stops until it has.
    pub fn suspend(&mut self, now: Millis) {
        if self.reading == Reading::On {
            self.reading = Reading::Suspended;
            self.protocol.suspend(now);
        }
    }

    /// The env has room again. True if the peer is read on.
    pub fn unsuspend(&mut self, now: Millis) -> bool {
        self.reading == Reading::Suspended && self.read_on(now)
    }

    /// Whether something holds back the reading, which goes on after that.
    fn waits(&self) -> bool {
        matches!(
            self.reading,
            Reading::Paused | Reading::Suspended | Reading::HeldBack
        )
    }

    /// The peer is read, whatever held that back.
    pub fn read_on(&mut self, now: Millis) -> bool {
        if self.reading == Reading::Stopped {
            return false;
        }
        if self.waits() {
            self.protocol.resume(now);
        }
        if self.reading != Reading::Lost {
            self.reading = Reading::On;
        }
        true
    }

    /// From now on a message may have this many bytes.
    pub fn set_max_payload(&mut self, bytes: u64) {
        self.protocol.set_max_payload(bytes);
    }

    /// Appends a message to `out`, as one frame; see [`protocol::Connection::send_message`].
    pub fn send_message(
        &mut self,
        opcode: Opcode,
        message: &[u8],
        compress: bool,
        out: &mut Vec<u8>,
    ) {
        self.protocol.send_message(opcode, message, compress, out);
    }

    /// Appends a fragment to `out`; see [`protocol::Connection::send_fragment`].
    pub fn send_fragment(&mut self, fragment: &Fragment, out: &mut Vec<u8>) {
        self.protocol.send_fragment(fragment, out);
    }
}

/// Whether all that is answered from this event on is the closing answer.
fn begins_closing(event: &Event<'_>) -> bool {
    matches!(event, Event::Closing | Event::Failed(_))
}
