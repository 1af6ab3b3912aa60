//! An env's mailbox: one lane from each shard, and one doorbell for all of them.
//!
//! The bell is rung once per batch: `pending` is set by whoever rings it, and cleared by the env
//! when it has found every lane empty.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::batch::Batch;
use crate::engine::sync::{
    AtomicBool, AtomicU64, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering,
};
use crate::engine::undelivered::Undelivered;

/// What the records that wait for one env may cost before its connections are read no further.
pub(in super::super) const QUEUE_LIMIT: usize = 16 * 1024 * 1024;

/// Wakes an env's JavaScript thread.
pub trait Doorbell: Send {
    /// Makes the env drain its mailbox soon. Never blocks.
    fn ring(&self);
}

/// What an ordered command is counted for until a shard has taken what it sends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight {
    /// Bytes of what it sends: they wait for each of those who get it.
    pub bytes: usize,
    /// Bytes of memory of the list of those.
    pub listed: usize,
}

#[derive(Default)]
struct Lane {
    batch: Mutex<Batch>,
    /// Ordered commands of this env that the shard has carried out.
    processed: AtomicU64,
    /// Bytes of commands that the shard has yet to take.
    submitted_bytes: AtomicUsize,
    /// The same of their lists.
    submitted_lists: AtomicUsize,
    waiting: Mutex<bool>,
    progress: Condvar,
}

/// What shards and one env share.
pub struct Mailbox {
    lanes: Box<[Lane]>,
    pending: AtomicBool,
    /// What waits for the env, of all of its connections.
    pub undelivered: Undelivered,
    bell: Mutex<Option<Box<dyn Doorbell>>>,
}

impl Mailbox {
    /// A mailbox of an env that is served by `shards` shards.
    #[must_use]
    pub fn new(shards: usize, bell: Box<dyn Doorbell>) -> Self {
        Self {
            lanes: (0..shards).map(|_| Lane::default()).collect(),
            pending: AtomicBool::new(false),
            undelivered: Undelivered::up_to(QUEUE_LIMIT),
            bell: Mutex::new(Some(bell)),
        }
    }

    /// A number of its env's own among those that live: never 0.
    #[must_use]
    pub fn number(this: &Arc<Self>) -> u64 {
        Arc::as_ptr(this).addr() as u64
    }

    /// Adds records to `shard`'s lane: `fill` gets the batch and returns what they cost, 0 for none.
    pub(in super::super) fn record(&self, shard: usize, fill: impl FnOnce(&mut Batch) -> usize) {
        let cost = {
            let mut batch = self.lane(shard);
            let cost = fill(&mut batch);
            self.undelivered.count(cost);
            cost
        };
        if cost > 0 {
            self.ring();
        }
    }

    /// What waits in `shard`'s lane, locked.
    pub(super) fn lane(&self, shard: usize) -> MutexGuard<'_, Batch> {
        self.lanes[shard].batch.lock()
    }

    /// Wakes the env, unless it is awake.
    pub(in super::super) fn ring(&self) {
        if !self.pending.swap(true, Ordering::SeqCst)
            && let Some(bell) = &*self.bell.lock()
        {
            bell.ring();
        }
    }

    /// Has nobody ring: the env, on whose thread this is, drains at once.
    pub(super) fn hush(&self) {
        self.pending.swap(true, Ordering::SeqCst);
    }

    /// The env takes what waits in `shard`'s lane, and leaves an empty batch there.
    pub fn take(&self, shard: usize, empty: Batch) -> Batch {
        std::mem::replace(&mut self.lane(shard), empty)
    }

    /// The env found every lane empty: the next record rings again. False where one has come since,
    /// and the env has to look again.
    pub fn rest(&self) -> bool {
        // A swap, so that a ring that it undoes happened before it: what that was for is seen below.
        self.pending.swap(false, Ordering::SeqCst);
        let idle = self.lanes.iter().all(|l| l.batch.lock().records.is_empty());
        // Whoever finds `pending` clear first, a shard or this env, goes on.
        idle || self.pending.swap(true, Ordering::SeqCst)
    }

    /// The env ends: nobody rings it again once this returns.
    pub fn detach(&self) {
        *self.bell.lock() = None;
    }

    /// Number of lanes, one a shard.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// How many of this env's ordered commands `shard` has carried out.
    pub fn processed(&self, shard: usize) -> u64 {
        self.lanes[shard].processed.load(Ordering::Acquire)
    }

    /// Bytes that wait in ordered commands to `shard`.
    pub fn submitted_bytes(&self, shard: usize) -> usize {
        // Whoever sees that they are gone sees what became of them, too.
        self.lanes[shard].submitted_bytes.load(Ordering::Acquire)
    }

    /// Bytes of memory of the lists of those commands.
    pub fn submitted_lists(&self, shard: usize) -> usize {
        self.lanes[shard].submitted_lists.load(Ordering::Relaxed)
    }

    pub(in super::super) fn submitting(&self, shard: usize, weight: Weight) {
        let (lane, order) = (&self.lanes[shard], Ordering::Relaxed);
        lane.submitted_bytes.fetch_add(weight.bytes, order);
        lane.submitted_lists.fetch_add(weight.listed, order);
    }

    /// The shard counts this much of what was submitted no longer: an outbox does, or it is lost.
    pub(in super::super) fn taken(&self, shard: usize, weight: Weight) {
        let lane = &self.lanes[shard];
        lane.submitted_lists
            .fetch_sub(weight.listed, Ordering::Relaxed);
        lane.submitted_bytes
            .fetch_sub(weight.bytes, Ordering::Release);
    }

    /// An ordered command was carried out.
    pub(in super::super) fn command_done(&self, shard: usize) {
        let lane = &self.lanes[shard];
        lane.processed.fetch_add(1, Ordering::SeqCst);
        if *lane.waiting.lock() {
            lane.progress.notify_all();
        }
    }

    /// Waits until `shard` has carried out `target` ordered commands in all, but not past
    /// `deadline`. A shard never blocks, so this takes as long as the work itself.
    pub fn wait(&self, shard: usize, target: u64, deadline: Instant) {
        let lane = &self.lanes[shard];
        let mut waiting = lane.waiting.lock();
        *waiting = true;
        while lane.processed.load(Ordering::SeqCst) < target {
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                break;
            }
            lane.progress.wait_for(&mut waiting, left);
        }
        *waiting = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::batch::Kind;

    struct Bell(Arc<AtomicUsize>);
    impl Doorbell for Bell {
        fn ring(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn mailbox() -> (Mailbox, Arc<AtomicUsize>) {
        let rings = Arc::new(AtomicUsize::new(0));
        (Mailbox::new(2, Box::new(Bell(rings.clone()))), rings)
    }

    #[test]
    fn one_ring_per_batch_over_all_lanes() {
        let (mailbox, rings) = mailbox();
        for shard in [0, 1, 0] {
            mailbox.record(shard, |b| b.push_bare(Kind::Drain, 1));
        }
        assert_eq!(rings.load(Ordering::SeqCst), 1);
        assert!(!mailbox.rest() || !mailbox.take(0, Batch::default()).records.is_empty());
    }

    #[test]
    fn a_record_after_rest_rings_again() {
        let (mailbox, rings) = mailbox();
        mailbox.record(0, |b| b.push_bare(Kind::Drain, 1));
        let batch = mailbox.take(0, Batch::default());
        assert_eq!(batch.records.len(), 1);
        assert!(mailbox.rest());
        mailbox.record(1, |b| b.push_bare(Kind::Drain, 1));
        assert_eq!(rings.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn rest_refuses_while_a_lane_holds_records() {
        let (mailbox, rings) = mailbox();
        mailbox.record(0, |b| b.push_bare(Kind::Drain, 1));
        mailbox.take(0, Batch::default());
        mailbox.record(1, |b| b.push_bare(Kind::Drain, 1));
        assert!(!mailbox.rest());
        assert_eq!(rings.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn nobody_rings_a_detached_env() {
        let (mailbox, rings) = mailbox();
        mailbox.detach();
        mailbox.record(0, |b| b.push_bare(Kind::Drain, 1));
        assert_eq!(rings.load(Ordering::SeqCst), 0);
    }
}
