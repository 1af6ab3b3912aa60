//! How much was recorded and is not delivered yet, of an env or of one connection.
//!
//! A shard counts what it records, and the env what it has delivered. If there is too much, the shard stops
//! reading and waits; the env wakes it when half of that is delivered.

use super::sync::{AtomicBool, AtomicUsize, Ordering};

/// What waits to be delivered, as [`Record::cost`](super::Record::cost) counts it.
#[derive(Debug)]
pub struct Undelivered {
    limit: usize,
    cost: AtomicUsize,
    /// A shard waits until there is room.
    awaited: AtomicBool,
}

impl Undelivered {
    /// Nothing yet; reading stops at `limit`.
    pub(super) fn up_to(limit: usize) -> Self {
        Self {
            limit,
            cost: AtomicUsize::new(0),
            awaited: AtomicBool::new(false),
        }
    }

    /// What waits.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.cost.load(Ordering::Relaxed)
    }

    /// Records that cost this much were added to a lane, which is locked: the env never takes off what has
    /// not been put on.
    pub(super) fn count(&self, cost: usize) {
        self.cost.fetch_add(cost, Ordering::Relaxed);
    }

    /// Whether reading is to stop.
    pub(super) fn is_full(&self) -> bool {
        self.cost() >= self.limit
    }

    /// A shard stops reading for want of room. False if there is room again by now.
    pub(super) fn suspend(&self) -> bool {
        self.awaited.swap(true, Ordering::SeqCst);
        // Not a load: either this comes after what `delivered` takes off, and sees it, or that comes
        // after this, and sees `awaited`.
        self.cost.fetch_add(0, Ordering::SeqCst) > self.limit / 2
    }

    /// The env has delivered records that cost this much. True if a shard stopped reading for want of room and may
    /// go on: the caller wakes it.
    #[must_use]
    pub fn delivered(&self, cost: usize) -> bool {
        let left = self.cost.fetch_sub(cost, Ordering::SeqCst) - cost;
        left <= self.limit / 2 && self.awaited.swap(false, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_at_the_limit_and_goes_on_at_half_of_it() {
        let undelivered = Undelivered::up_to(100);
        undelivered.count(99);
        assert!(!undelivered.is_full());
        undelivered.count(1);
        assert!(undelivered.is_full() && undelivered.suspend());
        assert!(!undelivered.delivered(49));
        assert!(undelivered.delivered(1));
        assert!(!undelivered.delivered(1), "once");
    }

    #[test]
    fn nobody_waits_for_what_was_delivered_meanwhile() {
        let undelivered = Undelivered::up_to(100);
        undelivered.count(100);
        assert!(undelivered.is_full());
        assert!(!undelivered.delivered(60), "nobody waits yet");
        assert!(!undelivered.suspend(), "it reads on");
    }
}
