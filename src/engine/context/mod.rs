//! What a connection uses of its shard, none of which is another connection's; and `readiness`, `timers`,
//! `turns`.

mod readiness;
mod timers;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::handle::ShardHandle;
use super::mailbox::{Mailbox, Rings};
use super::write_side::Sweep;
use crate::protocol::Millis;
pub(super) use readiness::{Readiness, Ready, Waiting, forget};
pub(super) use timers::{Timer, Timers};
pub(super) use turns::{LONG, Turns};

/// What one `recv` can bring; one such buffer a shard.
pub(super) use super::session::READ as READ_BUFFER;

/// How long what was appended waits for what the commands still to be carried out append.
const LINGER: Duration = Duration::from_millis(50);

/// What a connection puts down and answers in one step.
pub(super) struct Output {
    /// Which lane of a mailbox its records go to.
    pub(super) index: usize,
    /// Which envs to wake after each part of a round.
    pub(super) rings: Rings,
    /// Scratch for what the session answers.
    pub(super) answer: Vec<u8>,
}

/// A shard, as a connection sees it.
pub(super) struct Context {
    handle: Arc<ShardHandle>,
    epoch: Instant,
    pub(super) readiness: Readiness,
    pub(super) timers: Timers,
    pub(super) output: Output,
    pub(super) read_buffer: Box<[u8]>,
    /// Scratch for what was decrypted.
    pub(super) plaintext: Vec<u8>,
    /// Connections that have something to do.
    pub(super) turns: Turns,
    /// Those that are not read for want of room in their env's mailbox, by key. Who waits longest is the first.
    pub(super) suspended: Vec<u32>,
    /// Those to which something was appended that is still to be written.
    pub(super) unsettled: Vec<u32>,
    /// And by when.
    pub(super) settle_by: Instant,
    /// Writes to several connections that are made together. None is under way but while these connections have their
    /// turn to be written to.
    pub(super) sweep: Sweep,
}

impl Context {
    /// The context of the shard that `handle` reaches. `rings`: whether it may write by io_uring.
    pub(super) fn new(readiness: Readiness, handle: Arc<ShardHandle>, rings: bool) -> Self {
        Self {
            output: Output {
                index: handle.index(),
                rings: Rings::default(),
                answer: Vec::new(),
            },
            handle,
            epoch: Instant::now(),
            readiness,
            timers: Timers::default(),
            read_buffer: vec![0; READ_BUFFER].into(),
            plaintext: Vec::new(),
            turns: Turns::default(),
            suspended: Vec::new(),
            unsettled: Vec::new(),
            settle_by: Instant::now(),
            sweep: Sweep::new(rings),
        }
    }

    /// When the shard started.
    pub(super) fn epoch(&self) -> Instant {
        self.epoch
    }

    /// Milliseconds since the shard started.
    pub(super) fn now(&self) -> Millis {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// When the soonest deadline comes, in milliseconds since the shard started.
    pub(super) fn next_deadline(&self) -> Option<Millis> {
        self.timers.next()
    }

    /// Writes what was appended to a connection together with what the remaining commands append, unless
    /// they take long: one system call for all of it.
    pub(super) fn settle_later(&mut self, key: u32) {
        if self.unsettled.is_empty() {
            self.settle_by = Instant::now() + LINGER;
        }
        self.unsettled.push(key);
    }

    /// One more connection of an env has a place, if there is one.
    pub(super) fn admit(&self, mailbox: &Arc<Mailbox>) -> bool {
        self.handle.admit(Mailbox::number(mailbox))
    }

    /// Whether there are as many connections as there may be.
    pub(super) fn is_full(&self) -> bool {
        self.handle.is_full()
    }

    /// A connection is over, and its place is another's. This comes before JavaScript hears of it, and may open one.
    pub(super) fn leave_place(&self, mailbox: &Arc<Mailbox>) {
        self.handle.dismiss(Mailbox::number(mailbox));
    }
}
