//! The rules of what waits to be written to one peer: when that is too much, and what follows once it is
//! written. No I/O: whoever writes says how many bytes wait.

/// Once more than this many bytes were queued, falling back to zero is reported as `drain`.
pub const HIGH_MARK: usize = 64 * 1024;

/// Why a connection is dropped for want of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// As many bytes as may wait for the peer do.
    Output,
    /// The app has paused a stream that cannot be paused, and that much has come.
    Paused,
    /// An extension holds what has come.
    Held,
}

impl Overflow {
    /// The public code of a connection that is dropped for want of room.
    pub const CODE: &'static str = "WS_ERR_BACKPRESSURE";

    /// `error.message`.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Output => "the peer does not read: maxBufferedAmount is reached",
            Self::Paused => "the stream cannot be paused: maxBufferedAmount is reached",
            Self::Held => "an extension holds what the peer sends: maxBufferedAmount is reached",
        }
    }
}

/// How far what waits has grown since it last fell to zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mark {
    /// At most [`HIGH_MARK`].
    #[default]
    Low,
    /// Above it: that all is written is going to be reported.
    High,
    /// There was no room for more: the connection is dropped.
    Over(Overflow),
}

/// How much waits to be written to one peer.
#[derive(Debug, Default)]
pub struct Backlog {
    queued: usize,
    mark: Mark,
}

impl Backlog {
    /// Bytes that wait.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// This many more wait.
    pub fn grow(&mut self, length: usize) {
        self.set(self.queued + length);
    }

    /// This many wait by now.
    pub fn set(&mut self, queued: usize) {
        self.queued = queued;
        if queued > HIGH_MARK && self.mark == Mark::Low {
            self.mark = Mark::High;
        }
    }

    /// This many were written.
    pub fn shrink(&mut self, length: usize) {
        self.queued -= length;
    }

    /// Nothing is kept any more, though it was not written.
    pub fn clear(&mut self) {
        self.queued = 0;
    }

    /// Whether no message may be added. Callers ask before they add a message and after they try to write: what
    /// waits is at most the limit and one message.
    pub fn is_full(&self, limit: usize) -> bool {
        self.queued >= limit
    }

    /// There is no room for more: the connection is to be dropped.
    pub fn overflow(&mut self, overflow: Overflow) {
        self.mark = Mark::Over(overflow);
    }

    /// Why the connection is dropped, once there was no room.
    pub fn overflowed(&self) -> Option<Overflow> {
        match self.mark {
            Mark::Over(overflow) => Some(overflow),
            Mark::Low | Mark::High => None,
        }
    }

    /// That all is written is going to be reported, however little waits.
    pub fn await_drain(&mut self) {
        if self.mark == Mark::Low {
            self.mark = Mark::High;
        }
    }

    /// Whether so much waited that the end of it is going to be reported.
    pub fn awaits_drain(&self) -> bool {
        self.mark != Mark::Low
    }

    /// True once, if all is written and so much waited that this is to be reported.
    pub fn take_drained(&mut self) -> bool {
        let is_drained = self.queued == 0 && self.mark == Mark::High;
        if is_drained {
            self.mark = Mark::Low;
        }
        is_drained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_is_reported_once_for_what_was_high() {
        let mut backlog = Backlog::default();
        backlog.grow(HIGH_MARK);
        backlog.shrink(HIGH_MARK);
        assert!(!backlog.awaits_drain() && !backlog.take_drained());
        backlog.grow(HIGH_MARK);
        backlog.grow(1);
        assert!(backlog.awaits_drain());
        backlog.shrink(HIGH_MARK);
        assert!(!backlog.take_drained(), "one byte waits");
        backlog.shrink(1);
        assert!(backlog.take_drained());
        assert!(!backlog.take_drained() && !backlog.awaits_drain());
    }

    #[test]
    fn what_waits_may_pass_the_limit_by_one_message() {
        let mut backlog = Backlog::default();
        backlog.grow(9);
        assert!(!backlog.is_full(10));
        backlog.grow(100);
        assert!(backlog.is_full(10));
        backlog.set(3);
        assert!(!backlog.is_full(10));
    }

    #[test]
    fn nothing_drains_once_there_was_no_room() {
        let mut backlog = Backlog::default();
        backlog.grow(2 * HIGH_MARK);
        backlog.overflow(Overflow::Output);
        backlog.clear();
        assert_eq!(backlog.overflowed(), Some(Overflow::Output));
        assert!(!backlog.take_drained());
    }
}
