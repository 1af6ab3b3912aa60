//! Which of an env's streams is taken from next, and for how long.
//!
//! All of them share one slice of time: what is delivered of each, whenever its bytes come, counts. Once the slice is
//! over, what comes stays bytes until the event loop has had its turn. Then those that something is left of stand in
//! a row, and each has a piece taken before any has another.

use std::time::{Duration, Instant};

use super::row::{Making, Row};

/// How long streams may be taken from before the event loop gets its turn.
const SLICE: Duration = Duration::from_millis(10);

/// Once this much of it is spent, the end of the event loop's turn is to be heard of.
const DUE: Duration = Duration::from_millis(2);

/// The turns of an env's streams.
#[derive(Debug, Default)]
pub struct Turns {
    /// Those that something is left of, by their numbers.
    row: Row<usize>,
    /// What was spent of the slice before the work under way.
    spent: Duration,
    /// When that began.
    since: Option<Instant>,
    /// The slice is over: the event loop has its turn first.
    is_late: bool,
    /// The event loop is to come back to those in the row.
    is_called: bool,
}

impl Turns {
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
        self.is_called = false;
    }

    /// Something is left of this stream, which does not stand in the row. Before its turn it `was_making` a message that
    /// takes long, and after it `is_making` one.
    pub fn push(&mut self, slot: usize, was_making: bool, is_making: bool) {
        self.row.push(slot, Making::of(was_making, is_making));
    }

    /// Whether so much was spent that the next turn of the event loop is to begin a slice.
    #[must_use]
    pub fn are_due(&self) -> bool {
        self.spent >= DUE
    }

    /// The event loop is to come back. False if it is going to already.
    pub fn call(&mut self) -> bool {
        !std::mem::replace(&mut self.is_called, true)
    }

    /// Whose turn it is.
    pub fn pop(&mut self) -> Option<usize> {
        self.row.pop()
    }

    /// Whether something is left of any.
    #[must_use]
    pub fn are_left(&self) -> bool {
        self.row.len() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_is_spent_adds_up_until_the_event_loop_had_its_turn() {
        let (mut turns, start) = (Turns::default(), Instant::now());
        assert!(turns.begin(start));
        assert!(!turns.begin(start + 2 * MS), "work within work");
        assert!(!turns.is_late(start + 6 * MS));
        turns.end(start + 6 * MS);
        // Time that was not spent on streams does not count.
        assert!(!turns.is_late(start + 100 * MS));
        assert!(turns.begin(start + 100 * MS));
        assert!(!turns.is_late(start + 103 * MS));
        assert!(turns.is_late(start + 104 * MS));
        turns.end(start + 104 * MS);
        assert!(turns.is_late(start + 200 * MS), "until it is renewed");
        turns.renew();
        assert!(!turns.is_late(start + 200 * MS));
    }

    #[test]
    fn the_event_loop_is_called_once_and_streams_have_turns_in_order() {
        let mut turns = Turns::default();
        turns.push(1, false, false);
        turns.push(2, false, false);
        assert!(turns.call() && !turns.call());
        assert_eq!(turns.pop(), Some(1));
        turns.push(1, false, false);
        assert_eq!(turns.pop(), Some(2));
        assert!(turns.are_left());
        turns.renew();
        assert!(turns.call());
    }
}
