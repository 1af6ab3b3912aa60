//! What threads do to each other through [`Mailbox`], [`ShardHandle`] and [`WriteSide`], run in every order
//! by loom: no wake-up is lost, no two rings are under way, nothing is written twice, out of order or
//! not at all, whoever ends when.
//!
//! The code between the threads is the engine's own. The threads themselves are small here: an env
//! that drains as `src/binding/sockets/drain.rs` does, a shard that carries out what a shard does without
//! sockets of a runtime. The descriptors are real, one end of a pair.
//!
//! ```sh
//! cargo test --no-default-features --features loom --lib loom
//! ```
//!
//! `doorbell`: records and rings. `inbox`: what is submitted to a shard. `lead`: who runs its rounds. `outbox`: what is
//! written. A whole shard is in `shard/loom.rs`: who gets what is published, and what is counted as waiting.

mod doorbell;
mod inbox;
mod lead;
mod outbox;

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use loom::thread;

use super::batch::{Batch, Kind};
use super::command::{Command, Envelope};
use super::handle::ShardHandle;
use super::mailbox::{Doorbell, Mailbox};
use super::sync::{AtomicBool, AtomicUsize, Notify, Ordering};

/// Preemptions in one run: most that goes wrong between two threads needs two of them.
const PREEMPTIONS: usize = 3;

/// Runs `model` in every order in which its threads can take turns.
pub(super) fn in_every_order(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(model);
}

/// Waits as a task does; the model's wake-ups block.
pub(super) fn wait(future: impl Future<Output = ()>) {
    let waited = std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(waited.is_ready());
}

/// An env's event loop, as far as its doorbell is concerned.
#[derive(Default)]
pub(super) struct EventLoop {
    rung: Notify,
    /// Rings that the env has not begun to answer.
    outstanding: AtomicUsize,
    ended: AtomicBool,
}

struct Bell(Arc<EventLoop>);

impl Doorbell for Bell {
    fn ring(&self) {
        assert!(!self.0.ended.load(Ordering::SeqCst), "an ended env is rung");
        let before = self.0.outstanding.fetch_add(1, Ordering::SeqCst);
        assert_eq!(before, 0, "a second ring before the first was answered");
        self.0.rung.notify_one();
    }
}

/// An env: its mailbox, and the loop that is rung.
fn env(shards: usize) -> (Arc<Mailbox>, Arc<EventLoop>) {
    let events = Arc::new(EventLoop::default());
    let mailbox = Mailbox::new(shards, Box::new(Bell(events.clone())));
    (Arc::new(mailbox), events)
}

/// An env with one shard.
pub(super) fn env_and_shard() -> (Arc<Mailbox>, Arc<EventLoop>, Arc<ShardHandle>) {
    let (mailbox, events) = env(1);
    (mailbox, events, Arc::new(ShardHandle::new(0, usize::MAX)))
}

impl EventLoop {
    /// Drains for as long as less than `expected` records have come. `gives_way`: after each round
    /// that brought some, the loop has its turn, and the drain goes on by itself.
    fn deliver(&self, mailbox: &Mailbox, expected: usize, gives_way: bool) -> Vec<Kind> {
        let mut delivered = Vec::new();
        while delivered.len() < expected {
            wait(self.rung.notified());
            assert_eq!(self.outstanding.swap(0, Ordering::SeqCst), 1);
            loop {
                let mut idle = true;
                for shard in 0..mailbox.lanes() {
                    let batch = mailbox.take(shard, Batch::default());
                    idle &= batch.records.is_empty();
                    let cost = batch.records.iter().map(|record| record.cost).sum();
                    let _ = mailbox.undelivered.delivered(cost);
                    delivered.extend(batch.records.iter().map(|record| record.kind));
                }
                if idle && mailbox.rest() {
                    break;
                }
                if gives_way && !idle {
                    thread::yield_now();
                    assert_eq!(self.outstanding.load(Ordering::SeqCst), 0);
                }
            }
        }
        delivered
    }
}

/// In the model no time runs out: whoever waits goes on because another thread woke it.
fn an_hour_from_now() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

/// What an env hands to a shard.
pub(super) fn submit(handle: &ShardHandle, mailbox: &Arc<Mailbox>, command: Command) {
    handle.submit(Envelope {
        mailbox: mailbox.clone(),
        commands: vec![command],
    });
}
