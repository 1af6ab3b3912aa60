//! Who runs the rounds of a shard: its I/O thread, or the JavaScript thread whose connections these are.
//!
//! One lock guards everything of a shard, and whoever holds it may run a round: nothing is lost if the wrong thread
//! did so, or both. Who *leads* only says who looks whether there is something to do:
//!
//! - The I/O thread leads at first. It waits for sockets, commands and deadlines.
//! - A JavaScript thread that is idle leads instead: a message costs no change of threads then. The I/O thread still
//!   hears of commands and deadlines, and watches that rounds are run; if they are not, it leads again.
//!
//! A JavaScript thread holds the lock in Rust alone, never while JavaScript runs, and never waits for it: if the
//! other thread has it, the other thread leads from then on.

use std::sync::Arc;

use super::command::Envelope;
use super::handle::ShardHandle;
use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering};

/// The I/O thread leads.
pub const THREAD: u64 = 0;

/// No deadline.
const NEVER: u64 = u64::MAX;

/// A shard's lock, and who leads.
pub struct Gate<T> {
    handle: Arc<ShardHandle>,
    inside: Mutex<T>,
    /// The number of the env that leads, or [`THREAD`].
    leader: AtomicU64,
    /// Times that it has changed.
    changes: AtomicU64,
    /// When the soonest deadline comes, in ms of the shard.
    deadline: AtomicU64,
}

impl<T> Gate<T> {
    /// The I/O thread leads, until an env does.
    pub(super) fn new(handle: Arc<ShardHandle>, inside: T) -> Self {
        Self {
            handle,
            inside: Mutex::new(inside),
            leader: AtomicU64::new(THREAD),
            changes: AtomicU64::new(0),
            deadline: AtomicU64::new(NEVER),
        }
    }

    /// What is inside, for the I/O thread: it may wait.
    pub(super) fn enter(&self) -> MutexGuard<'_, T> {
        self.inside.lock()
    }

    /// Has an env that leads do something inside: what that returned. `None` if it does not lead, or another thread is
    /// inside: that one leads from then on. `work` also says when the soonest deadline comes.
    pub(super) fn lead_with<R>(
        &self,
        env: u64,
        work: impl FnOnce(&mut T) -> (R, Option<u64>),
    ) -> Option<R> {
        if self.leader() != env {
            return None;
        }
        let Some(mut inside) = self.inside.try_lock() else {
            self.give_back(env);
            return None;
        };
        // Once more: whoever takes the lead from now on waits for the lock to look what there is to do.
        if self.leader() != env {
            return None;
        }
        let (result, deadline) = work(&mut inside);
        // Before anybody else can set a sooner one.
        let is_sooner = self.set_deadline(deadline);
        drop(inside);
        if is_sooner {
            self.handle.wake();
        }
        Some(result)
    }

    /// Hands over commands. An env that leads has them carried out by `work`, which says whether something is left.
    pub(super) fn submit(
        &self,
        env: u64,
        envelope: Envelope,
        work: impl FnOnce(&mut T) -> (bool, Option<u64>),
    ) {
        self.handle.put(envelope);
        if self.lead_with(env, work) != Some(false) {
            self.handle.wake();
        }
    }

    /// Hands over commands to the I/O thread, which leads from then on.
    pub(super) fn submit_to_thread(&self, env: u64, envelope: Envelope) {
        self.handle.put(envelope);
        self.hand(env, THREAD);
        self.handle.wake();
    }

    /// The env leads no longer, if it did: the I/O thread looks at once what there is to do.
    pub(super) fn give_back(&self, env: u64) {
        if self.hand(env, THREAD) {
            self.handle.wake();
        }
    }

    /// Who leads.
    #[must_use]
    pub fn leader(&self) -> u64 {
        self.leader.load(Ordering::SeqCst)
    }

    /// How often that has changed.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// The lead goes from the one to the other, unless it was somebody else's: whether it did.
    pub(super) fn hand(&self, from: u64, to: u64) -> bool {
        let order = Ordering::SeqCst;
        let handed = self.leader.compare_exchange(from, to, order, order).is_ok();
        if handed {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
        handed
    }

    /// Says when the soonest deadline comes, in ms of the shard. True if the I/O thread has to be woken: it may
    /// sleep until a later one.
    pub(super) fn set_deadline(&self, at: Option<u64>) -> bool {
        let at = at.unwrap_or(NEVER);
        let before = self.deadline.swap(at, Ordering::SeqCst);
        at < before
    }

    /// When the soonest deadline comes.
    pub(super) fn deadline(&self) -> Option<u64> {
        match self.deadline.load(Ordering::SeqCst) {
            NEVER => None,
            at => Some(at),
        }
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    fn gate() -> Gate<()> {
        Gate::new(Arc::new(ShardHandle::new(0, 1)), ())
    }

    #[test]
    fn the_lead_goes_from_whoever_has_it() {
        let gate = gate();
        assert_eq!(gate.leader(), THREAD);
        assert!(!gate.hand(1, 2), "it is not theirs");
        assert!(gate.hand(THREAD, 1));
        assert!(!gate.hand(THREAD, 2), "it is another's");
        gate.give_back(2);
        assert_eq!(gate.leader(), 1);
        gate.give_back(1);
        assert_eq!((gate.leader(), gate.changes()), (THREAD, 2));
    }

    #[test]
    fn the_thread_is_told_of_a_sooner_deadline_alone() {
        let gate = gate();
        assert!(gate.set_deadline(Some(20)));
        assert!(gate.set_deadline(Some(10)));
        assert!(!gate.set_deadline(Some(30)));
        assert!(!gate.set_deadline(None));
        assert_eq!(gate.deadline(), None);
        assert!(gate.set_deadline(Some(30)));
        assert_eq!(gate.deadline(), Some(30));
    }

    #[test]
    fn whoever_finds_another_inside_leads_no_longer() {
        let gate = gate();
        let work = |_: &mut ()| ("done", None);
        assert_eq!(gate.lead_with(1, work), None, "it does not lead");
        assert!(gate.hand(THREAD, 1));
        assert_eq!(gate.lead_with(1, work), Some("done"));
        let inside = gate.enter();
        assert_eq!(gate.lead_with(1, work), None);
        assert_eq!(gate.leader(), THREAD);
        drop(inside);
    }
}
