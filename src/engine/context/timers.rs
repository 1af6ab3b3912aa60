//! Deadlines of a shard's connections.
//!
//! A connection's deadline moves with every byte it receives, so it is not moved here: an entry
//! fires at the deadline that held when it was armed, and the connection then says whether that
//! has come or arms itself again. One entry of 24 bytes a connection, nothing per message.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::protocol::Millis;

/// Entries of connections that are over: up to this many may stay before a sweep.
const SWEEP_FROM: usize = 1024;

/// One armed deadline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Timer {
    pub(in super::super) at: Millis,
    pub(in super::super) id: u64,
    pub(in super::super) key: u32,
}

/// The armed deadlines, soonest first.
#[derive(Default)]
pub(in super::super) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
}

impl Timers {
    /// Adds a deadline.
    pub(in super::super) fn arm(&mut self, timer: Timer) {
        self.heap.push(Reverse(timer));
    }

    /// When the soonest deadline comes.
    pub(in super::super) fn next(&self) -> Option<Millis> {
        self.heap.peek().map(|Reverse(timer)| timer.at)
    }

    /// Drops the entries that `is_live` denies once they may outnumber the `live` connections:
    /// otherwise the entries of those that come and go would stay for the length of an idle timeout.
    pub(in super::super) fn sweep(&mut self, live: usize, is_live: impl Fn(&Timer) -> bool) {
        if self.heap.len() > SWEEP_FROM + 4 * live {
            self.heap.retain(|Reverse(timer)| is_live(timer));
        }
    }

    /// Removes one deadline that has come.
    pub(in super::super) fn pop_due(&mut self, now: Millis) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(timer)| timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_connections_that_ended_do_not_pile_up() {
        let mut timers = Timers::default();
        for id in 0..100_000 {
            timers.arm(Timer { at: id, id, key: 0 });
            timers.sweep(1, |timer| timer.id == 0);
        }
        assert!(timers.heap.len() <= SWEEP_FROM + 5);
        assert_eq!(timers.next(), Some(0));
    }

    #[test]
    fn soonest_first_and_only_when_due() {
        let mut timers = Timers::default();
        let timer = |at| Timer { at, id: at, key: 0 };
        timers.arm(timer(20));
        timers.arm(timer(10));
        timers.arm(timer(30));
        assert_eq!(timers.next(), Some(10));
        assert_eq!(timers.pop_due(9).map(|t| t.at), None);
        assert_eq!(timers.pop_due(20).map(|t| t.at), Some(10));
        assert_eq!(timers.pop_due(20).map(|t| t.at), Some(20));
        assert_eq!(timers.pop_due(20).map(|t| t.at), None);
    }
}
