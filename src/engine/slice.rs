//! How long an env's connections are delivered of in a turn of its event loop.
//!
//! All of them share one slice of time, whatever carries them and whatever held them back. Once it is over, what comes
//! waits until the event loop has had its turn.

use std::time::{Duration, Instant};

/// How long records may be delivered before the event loop gets its turn.
const SLICE: Duration = Duration::from_millis(10);

/// Once this much of it is spent, the end of the event loop's turn is to be heard of.
const DUE: Duration = Duration::from_millis(2);

/// The slice of an env.
#[derive(Debug, Default)]
pub struct Slice {
    /// What was spent of the slice before the work under way.
    spent: Duration,
    /// When that began.
    since: Option<Instant>,
    /// The slice is over: the event loop has its turn first.
    is_late: bool,
}

impl Slice {
    /// Work begins. False if it does within other work: then it does not [`end`](Self::end) either.
    pub fn begin(&mut self, now: Instant) -> bool {
        let is_outermost = self.since.is_none();
        if is_outermost {
            self.since = Some(now);
        }
        is_outermost
    }

    /// Whether the slice is over.
    pub fn is_late(&mut self, now: Instant) -> bool {
        let worked = self.since.map_or(Duration::ZERO, |since| now - since);
        self.is_late |= self.spent + worked >= SLICE;
        self.is_late
    }

    /// Work ends.
    pub fn end(&mut self, now: Instant) {
        self.is_late(now);
        if let Some(since) = self.since.take() {
            self.spent += now - since;
        }
    }

    /// The event loop has had its turn: a slice begins.
    pub fn renew(&mut self) {
        self.spent = Duration::ZERO;
        self.is_late = false;
    }

    /// Whether so much was spent that the next turn of the event loop is to begin a slice.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.spent >= DUE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_is_spent_adds_up_until_the_event_loop_had_its_turn() {
        let (mut slice, start) = (Slice::default(), Instant::now());
        assert!(slice.begin(start));
        assert!(!slice.begin(start + 2 * MS), "work within work");
        assert!(!slice.is_late(start + 6 * MS));
        slice.end(start + 6 * MS);
        // Time that was spent on something else does not count.
        assert!(!slice.is_late(start + 100 * MS));
        assert!(slice.is_due());
        assert!(slice.begin(start + 100 * MS));
        assert!(!slice.is_late(start + 103 * MS));
        assert!(slice.is_late(start + 104 * MS));
        slice.end(start + 104 * MS);
        assert!(slice.is_late(start + 200 * MS), "until it is renewed");
        slice.renew();
        assert!(!slice.is_late(start + 200 * MS) && !slice.is_due());
    }
}
