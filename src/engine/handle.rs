//! How other threads reach a shard: its inbox, and its load.

use std::time::Instant;

use super::command::Envelope;
use super::sync::{AtomicBool, Mutex, Notify, Ordering};

/// The connections that a shard owns, or is about to.
#[derive(Default)]
struct Places {
    taken: usize,
    /// How many of them each env has, by its number.
    of: Vec<(u64, usize)>,
}

impl Places {
    /// One more is taken.
    fn take(&mut self, env: u64) {
        self.taken += 1;
        match self.of.iter_mut().find(|(of, _)| *of == env) {
            Some((_, count)) => *count += 1,
            None => self.of.push((env, 1)),
        }
    }
}

/// How other threads reach a shard.
pub struct ShardHandle {
    index: usize,
    inbox: Mutex<Vec<(Instant, Envelope)>>,
    wake: Notify,
    stopped: AtomicBool,
    places: Mutex<Places>,
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
            places: Mutex::default(),
            capacity,
        }
    }

    /// Which of the shards it is.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Connections that it owns, or is about to.
    pub(super) fn load(&self) -> usize {
        self.places.lock().taken
    }

    /// Counts a connection that an env is about to open here; false where there is no room for it.
    pub(super) fn admit(&self, env: u64) -> bool {
        let mut places = self.places.lock();
        if places.taken >= self.capacity {
            return false;
        }
        places.take(env);
        true
    }

    /// Whether there are as many connections as there may be.
    pub(super) fn is_full(&self) -> bool {
        self.places.lock().taken >= self.capacity
    }

    /// Counts one more of an env, whatever the bound: it takes the place of another, which is about to be over.
    pub fn admit_successor(&self, env: u64) {
        self.places.lock().take(env);
    }

    /// A connection of an env that was admitted is over, or is not opened after all.
    pub fn dismiss(&self, env: u64) {
        let mut places = self.places.lock();
        let Some(index) = places.of.iter().position(|(of, _)| *of == env) else {
            return;
        };
        places.taken -= 1;
        places.of[index].1 -= 1;
        if places.of[index].1 == 0 {
            places.of.swap_remove(index);
        }
    }

    /// The env whose connections these are; `None` if they are of several, or there are none.
    pub(super) fn owner(&self) -> Option<u64> {
        match self.places.lock().of[..] {
            [(env, _)] => Some(env),
            _ => None,
        }
    }

    /// Hands over commands and wakes the shard.
    pub fn submit(&self, envelope: Envelope) {
        self.put(envelope);
        self.wake();
    }

    /// Hands over commands, of which the caller sees to it that they are carried out.
    pub(super) fn put(&self, envelope: Envelope) {
        let ordered = envelope.commands.iter().filter(|s| s.is_ordered());
        for command in ordered {
            envelope.mailbox.submitting(self.index, command.weight());
        }
        self.inbox.lock().push((Instant::now(), envelope));
    }

    /// Has the I/O thread run a round.
    pub fn wake(&self) {
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

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn an_env_owns_a_shard_while_all_connections_are_its_own() {
        let handle = ShardHandle::new(0, 3);
        assert_eq!(handle.owner(), None);
        assert!(handle.admit(1) && handle.admit(1));
        assert_eq!(handle.owner(), Some(1));
        assert!(handle.admit(2));
        assert_eq!((handle.owner(), handle.admit(1)), (None, false));
        handle.dismiss(2);
        assert_eq!((handle.owner(), handle.load()), (Some(1), 2));
        handle.dismiss(1);
        handle.dismiss(1);
        assert_eq!((handle.owner(), handle.load()), (None, 0));
    }
}
