//! How other threads reach a shard: its inbox, and its load.

use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use super::command::{Command, Envelope};
use super::sync::{AtomicBool, Mutex, Notify, Ordering};

/// How other threads reach a shard.
pub struct ShardHandle {
    index: usize,
    inbox: Mutex<Vec<(Instant, Envelope)>>,
    wake: Notify,
    stopped: AtomicBool,
    /// Connections that it owns, or is about to.
    load: AtomicUsize,
    /// Most connections.
    capacity: usize,
}

impl ShardHandle {
    pub(super) fn new(index: usize, capacity: usize) -> Self {
        Self {
            index,
            inbox: Mutex::default(),
            wake: Notify::new(),
            stopped: AtomicBool::new(false),
            load: AtomicUsize::new(0),
            capacity,
        }
    }

    /// Which of the shards it is.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Connections that it owns, or is about to.
    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Counts a connection that is about to be opened here; false where there is no room for it.
    pub(super) fn admit(&self) -> bool {
        let one_more = |load| (load < self.capacity).then_some(load + 1);
        let (order, load) = (Ordering::Relaxed, &self.load);
        load.fetch_update(order, order, one_more).is_ok()
    }

    /// A connection that was admitted is over, or is not opened after all.
    pub fn dismiss(&self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }

    /// Hands over commands and wakes the shard.
    pub fn submit(&self, envelope: Envelope) {
        let ordered = envelope.commands.iter().filter(|s| s.is_ordered());
        let bytes = ordered.map(Command::bytes).sum();
        envelope.mailbox.submitting(self.index, bytes);
        self.inbox.lock().push((Instant::now(), envelope));
        self.wake.notify_one();
    }

    /// What was submitted since the last look.
    pub(super) fn take(&self) -> Vec<(Instant, Envelope)> {
        std::mem::take(&mut *self.inbox.lock())
    }

    /// Waits until something was submitted since the last wait, or the shard is to look for itself.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }
}
