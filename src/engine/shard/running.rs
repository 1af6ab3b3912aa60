//! A shard that runs, as the threads see it that may run its rounds.

use std::os::fd::{BorrowedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{SLICE, Shard};
use crate::engine::command::{Command, Envelope};
use crate::engine::context::forget;
use crate::engine::gate::{Gate, THREAD};
use crate::engine::handle::ShardHandle;
use crate::engine::mailbox::Mailbox;
use crate::engine::sync::{AtomicU64, Ordering};
use crate::protocol::Millis;

/// A message to all of more connections than this is the I/O thread's to write, whoever leads.
const FEW: usize = 128;

/// What a round of an env came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Something was recorded for the env, which is not rung for it: it has to drain.
    pub recorded: bool,
    /// Something is left to do.
    pub is_behind: bool,
}

/// A shard that runs.
pub struct RunningShard {
    handle: Arc<ShardHandle>,
    gate: Gate<Shard>,
    poller: RawFd,
    epoch: Instant,
    /// CPU time that the I/O thread has taken, in ns.
    thread_time: AtomicU64,
    /// When whoever leads last looked at the sockets, in ns since `epoch`.
    last_round: AtomicU64,
}

impl RunningShard {
    pub(super) fn new(shard: Shard) -> Self {
        Self {
            handle: shard.handle.clone(),
            poller: shard.context.readiness.descriptor(),
            epoch: shard.context.epoch(),
            gate: Gate::new(shard.handle.clone(), shard),
            thread_time: AtomicU64::new(0),
            last_round: AtomicU64::new(0),
        }
    }

    /// How other threads reach it.
    #[must_use]
    pub fn handle(&self) -> &Arc<ShardHandle> {
        &self.handle
    }

    /// The descriptor that is readable while a round has something to hear of. It stays open for as long as the
    /// process runs.
    #[must_use]
    pub fn poller(&self) -> RawFd {
        self.poller
    }

    /// Its poller hears no more of a socket, of which no connection was made.
    pub fn forget(&self, socket: BorrowedFd<'_>) {
        forget(self.poller, socket);
    }

    pub(super) fn gate(&self) -> &Gate<Shard> {
        &self.gate
    }

    /// When the soonest deadline comes.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let at: Millis = self.gate.deadline()?;
        self.epoch.checked_add(Duration::from_millis(at))
    }

    /// Runs a round on the I/O thread. True if something is left.
    pub(super) fn round_of_thread(&self) -> bool {
        let mut shard = self.gate.enter();
        let is_behind = shard.round(SLICE);
        self.gate.set_deadline(shard.context.next_deadline());
        is_behind
    }

    /// Runs a round on the thread of an env that leads. `None` if it does not, or no more: the other thread is
    /// running one.
    pub fn round_of_env(&self, env: u64, mailbox: &Arc<Mailbox>) -> Option<Round> {
        let round = |shard: &mut Shard| {
            self.has_looked();
            shard.context.output.rings.enter(mailbox.clone());
            // A panic must not leave the env entered: nobody would ring it any more.
            let round = catch_unwind(AssertUnwindSafe(|| shard.round(SLICE)));
            self.has_looked();
            let round = Round {
                recorded: shard.context.output.rings.leave(),
                is_behind: round.unwrap_or(true),
            };
            (round, shard.context.next_deadline())
        };
        self.gate.lead_with(env, round)
    }

    /// Hands over commands. An env that leads carries them out itself, but for messages to very many.
    pub fn submit(&self, env: u64, envelope: Envelope) {
        let is_for_many = envelope.commands.iter().any(Command::is_for_all);
        if is_for_many && self.handle.load() > FEW {
            return self.gate.submit_to_thread(env, envelope);
        }
        self.gate.submit(env, envelope, |shard| {
            let is_behind = shard.carry_out(SLICE);
            (is_behind, shard.context.next_deadline())
        });
    }

    /// Whether the env leads.
    #[must_use]
    pub fn is_led_by(&self, env: u64) -> bool {
        self.gate.leader() == env
    }

    /// Whether all connections are the env's, and there are some.
    #[must_use]
    pub fn is_owned_by(&self, env: u64) -> bool {
        self.handle.owner() == Some(env)
    }

    /// How often the lead has changed.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.gate.changes()
    }

    /// The env leads from now on, if all connections are its own and no other env leads: whether it does.
    #[must_use]
    pub fn lead(&self, env: u64) -> bool {
        if !self.is_owned_by(env) || self.gate.leader() != THREAD {
            return false;
        }
        // Before it leads, or it would be taken for blocked.
        self.has_looked();
        if !self.gate.hand(THREAD, env) {
            return false;
        }
        // Another env may have opened a connection meanwhile, and found that nobody led.
        let leads = self.is_owned_by(env);
        if !leads {
            self.gate.give_back(env);
        }
        leads
    }

    /// The env leads no longer, if it did.
    pub fn give_back(&self, env: u64) {
        self.gate.give_back(env);
    }

    /// The I/O thread leads, whoever has.
    pub(super) fn take_over(&self) {
        let leader = self.gate.leader();
        if leader != THREAD {
            self.gate.hand(leader, THREAD);
        }
    }

    /// Counts a connection that an env is about to open here; false where there is no room for it. Whoever leads a shard
    /// with connections of another env leads no longer.
    pub fn admit(&self, env: u64) -> bool {
        let admitted = self.handle.admit(env);
        let leader = self.gate.leader();
        let is_own = leader == env && self.handle.owner() == Some(env);
        if admitted && leader != THREAD && !is_own {
            self.gate.give_back(leader);
        }
        admitted
    }

    /// CPU time that the I/O thread has taken.
    #[must_use]
    pub fn thread_time(&self) -> Duration {
        Duration::from_nanos(self.thread_time.load(Ordering::Relaxed))
    }

    /// When whoever leads last looked at the sockets, or began to lead.
    pub(super) fn last_round(&self) -> Instant {
        self.epoch + Duration::from_nanos(self.last_round.load(Ordering::Relaxed))
    }

    fn has_looked(&self) {
        let nanos = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.last_round.store(nanos, Ordering::Relaxed);
    }

    pub(super) fn set_thread_time(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.thread_time.store(nanos, Ordering::Relaxed);
    }
}
