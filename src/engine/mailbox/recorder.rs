//! How a shard adds records to its lane of an env's mailbox.

use std::sync::Arc;

use super::lanes::Mailbox;
use super::rings::Rings;
use crate::engine::batch::Batch;
use crate::engine::sync::MutexGuard;
use crate::engine::undelivered::Undelivered;

/// Adds records to a lane, which is locked by the first of them, and leaves the ring to the shard.
pub(in super::super) struct Recorder<'a> {
    mailbox: &'a Arc<Mailbox>,
    /// Of the connection.
    undelivered: &'a Undelivered,
    rings: &'a mut Rings,
    shard: usize,
    batch: Option<MutexGuard<'a, Batch>>,
    cost: usize,
}

impl<'a> Recorder<'a> {
    /// For the lane of `shard`; what is added counts as `undelivered` of its connection, and `rings` hears which
    /// env to wake.
    pub(in super::super) fn new(
        mailbox: &'a Arc<Mailbox>,
        undelivered: &'a Undelivered,
        shard: usize,
        rings: &'a mut Rings,
    ) -> Self {
        Self {
            mailbox,
            undelivered,
            rings,
            shard,
            batch: None,
            cost: 0,
        }
    }

    /// Adds what `fill` adds, which returns its cost.
    pub(in super::super) fn add(&mut self, fill: impl FnOnce(&mut Batch) -> usize) -> usize {
        let batch = self
            .batch
            .get_or_insert_with(|| self.mailbox.lane(self.shard));
        let cost = fill(batch);
        self.cost += cost;
        cost
    }

    /// Shows the env what was added so far.
    pub(in super::super) fn show(&mut self) {
        if let Some(batch) = self.batch.take() {
            let cost = std::mem::take(&mut self.cost);
            self.mailbox.undelivered.count(cost);
            self.undelivered.count(cost);
            drop(batch);
            self.rings.later(self.mailbox, cost);
        }
    }
}

impl Drop for Recorder<'_> {
    fn drop(&mut self) {
        self.show();
    }
}
