//! The stream transport: the same protocol, with JavaScript moving the bytes.
//!
//! Nothing here does I/O. Each call fills a batch: bytes to write, events in order, bytes that
//! leave behind the replies to those events, the end of the write side.

use std::sync::Arc;

use super::batch::{Batch, Kind};
use crate::protocol::{
    self, Config, DeflateFilter, Event, Filtered, Header, Millis, Opcode, Payload, State, Violation,
};

/// A connection whose bytes JavaScript moves.
pub struct Stream {
    slot: u32,
    protocol: protocol::Connection,
    filter: Option<DeflateFilter>,
    ended: bool,
}

impl Stream {
    /// A connection that starts at `now`; `slot` is what its records carry. `filter` is
    /// permessage-deflate where it has its place among extensions in JavaScript.
    #[must_use]
    pub fn new(slot: u32, config: Arc<Config>, filter: Option<DeflateFilter>, now: Millis) -> Self {
        Self {
            slot,
            protocol: protocol::Connection::new(config, now),
            filter,
            ended: false,
        }
    }

    /// Takes what the peer sent. `congested`: much waits to be written, so that of the pings in it
    /// only the last is answered, once [`Stream::relieve`] is called (RFC 6455 §5.5.3).
    pub fn receive(&mut self, bytes: &mut [u8], congested: bool, now: Millis, batch: &mut Batch) {
        self.step(batch, |protocol, answer, record| {
            if congested {
                protocol.set_congested(true, answer);
            }
            protocol.receive(bytes, now, answer, &mut |event| record(event));
        });
    }

    /// All that waited has been written.
    pub fn relieve(&mut self, batch: &mut Batch) {
        self.step(batch, |protocol, answer, _| {
            protocol.set_congested(false, answer);
        });
    }

    /// A frame with this message, compressed where that was agreed on and `compress` says so. It has
    /// to be written, and in this order: the next may refer to it.
    pub fn message(&mut self, opcode: Opcode, message: &[u8], compress: bool) -> Vec<u8> {
        let mut frame = Vec::new();
        self.protocol
            .send_message(opcode, message, compress, &mut frame);
        frame
    }

    /// A ping is about to be written.
    pub fn count_ping(&mut self) {
        self.protocol.expect_pongs(1);
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
        if matches!(self.protocol.state(), State::Draining | State::Closed) {
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

    /// A frame that was received never comes to the filter. Where it has to, this fails the
    /// connection.
    pub fn miss(&mut self, opcode: Opcode, rsv1: bool, now: Millis, batch: &mut Batch) {
        let missed = self.filter.as_ref().map(|filter| filter.miss(opcode, rsv1));
        if let Some(Err(violation)) = missed {
            self.fail(violation, now, batch);
        }
    }

    fn fail(&mut self, violation: Violation, now: Millis, batch: &mut Batch) {
        self.step(batch, |protocol, answer, record| {
            protocol.fail(violation, now, answer, &mut |event| record(event));
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
    /// the next is compressed, or [forgotten](Self::forget_sent); nothing where it is to be sent as
    /// it is.
    pub fn compress(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        self.filter.as_mut()?.compress(message)
    }

    /// Begins the closing handshake.
    pub fn close(&mut self, code: u16, reason: &str, now: Millis, batch: &mut Batch) {
        self.step(batch, |protocol, answer, _| {
            protocol.close(code, reason, now, answer);
        });
    }

    /// Does what is due at `now`.
    pub fn fire(&mut self, now: Millis, batch: &mut Batch) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.step(batch, |protocol, answer, record| {
                protocol.handle_timeout(now, answer, &mut |event| record(event));
            });
        }
    }

    /// The stream has ended, or is to be dropped.
    pub fn lose(&mut self, batch: &mut Batch) {
        self.step(batch, |protocol, _, _| protocol.receive_eof());
    }

    /// Reading pauses (true) or goes on; the peer's silence does not count meanwhile.
    pub fn pause(&mut self, paused: bool, now: Millis) {
        if paused {
            self.protocol.suspend(now);
        } else {
            self.protocol.resume(now);
        }
    }

    /// When [`Stream::fire`] is to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        self.protocol.deadline()
    }

    /// Whether the close frames have been exchanged, or will not be: only the end is missing.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.protocol.state() == State::Draining
    }

    fn step(
        &mut self,
        batch: &mut Batch,
        run: impl FnOnce(&mut protocol::Connection, &mut Vec<u8>, &mut dyn FnMut(Event<'_>)),
    ) {
        if self.protocol.state() == State::Closed {
            return;
        }
        let slot = self.slot;
        let first = batch.records.len();
        let mut answer = Vec::new();
        let mut parts = false;
        run(&mut self.protocol, &mut answer, &mut |event| {
            parts |= matches!(event, Event::Closing | Event::Failed(_));
            batch.push_event(slot, event);
        });
        if !answer.is_empty() {
            batch.push_bytes(Kind::Write, slot, Payload::Owned(answer));
            // A pong is queued before its ping is reported; the answer to a close frame or a
            // violation leaves behind the replies to what came before.
            if !parts {
                batch.records[first..].rotate_right(1);
            }
        }
        if self.protocol.should_half_close() && !std::mem::replace(&mut self.ended, true) {
            batch.push_bare(Kind::End, slot);
        }
        if self.protocol.state() == State::Closed {
            batch.push_close(slot, self.protocol.close_event());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Role, encode_frame};

    fn masked(frames: &[(Opcode, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (opcode, payload) in frames {
            encode_frame(&mut bytes, *opcode, payload, Some([1, 2, 3, 4]));
        }
        bytes
    }

    fn kinds(batch: &Batch) -> Vec<Kind> {
        batch.records.iter().map(|record| record.kind).collect()
    }

    fn server() -> Stream {
        Stream::new(3, Arc::new(Config::new(Role::Server)), None, 0)
    }

    #[test]
    fn a_pong_is_written_before_its_ping_is_reported() {
        let (mut stream, mut batch) = (server(), Batch::default());
        let mut bytes = masked(&[(Opcode::Text, b"a"), (Opcode::Ping, b"b")]);
        stream.receive(&mut bytes, false, 0, &mut batch);
        assert_eq!(kinds(&batch), [Kind::Write, Kind::Text, Kind::Ping]);
    }

    #[test]
    fn the_answer_to_a_close_frame_leaves_behind_the_replies() {
        let (mut stream, mut batch) = (server(), Batch::default());
        let mut bytes = masked(&[(Opcode::Text, b"a"), (Opcode::Close, b"")]);
        stream.receive(&mut bytes, false, 0, &mut batch);
        let expected = [Kind::Text, Kind::Closing, Kind::Write, Kind::End];
        assert_eq!(kinds(&batch), expected);
        stream.lose(&mut batch);
        assert_eq!(kinds(&batch)[4..], [Kind::Close]);
        stream.lose(&mut batch);
        assert_eq!(batch.records.len(), 5);
    }

    #[test]
    fn only_the_last_ping_is_answered_while_congested() {
        let (mut stream, mut batch) = (server(), Batch::default());
        let mut bytes = masked(&[(Opcode::Ping, b"a"), (Opcode::Ping, b"b")]);
        stream.receive(&mut bytes, true, 0, &mut batch);
        assert_eq!(kinds(&batch), [Kind::Ping, Kind::Ping]);
        stream.relieve(&mut batch);
        assert_eq!(kinds(&batch)[2..], [Kind::Write]);
        assert!(batch.bytes.ends_with(&[0x8a, 1, b'b']));
    }

    #[test]
    fn a_silent_peer_is_closed_and_then_dropped() {
        let (mut stream, mut batch) = (server(), Batch::default());
        let idle = stream.deadline().expect("an idle timeout");
        stream.fire(idle - 1, &mut batch);
        assert_eq!(kinds(&batch), []);
        stream.fire(idle, &mut batch);
        assert_eq!(kinds(&batch), [Kind::Closing, Kind::Write]);
        let end = stream.deadline().expect("a close timeout");
        stream.fire(end, &mut batch);
        assert_eq!(kinds(&batch)[2..], [Kind::Close]);
    }
}
