//! The envs that a shard wakes at the end of a round.
//!
//! An env that was woken for the first record of a round would be woken for few: on the same core it
//! takes the shard's place at once, and on another it is at rest again before the next record comes.

use std::sync::Arc;

use super::lanes::Mailbox;

/// After this many bytes that were read or recorded, the end of the round is not waited for.
const ENOUGH: usize = 256 * 1024;

/// The envs that a shard has recorded something for since it rang them.
#[derive(Default)]
pub(in super::super) struct Rings {
    mailboxes: Vec<Arc<Mailbox>>,
    done: usize,
    /// The env whose own thread runs the round, and whether something was recorded for it.
    here: Option<(Arc<Mailbox>, bool)>,
}

impl Rings {
    /// Records that cost this much wait for this env.
    pub(super) fn later(&mut self, mailbox: &Arc<Mailbox>, cost: usize) {
        if !self
            .mailboxes
            .iter()
            .any(|known| Arc::ptr_eq(known, mailbox))
        {
            self.mailboxes.push(mailbox.clone());
        }
        self.count(cost);
    }

    /// More bytes were read, or more was recorded, since the last ring.
    pub(in super::super) fn count(&mut self, bytes: usize) {
        self.done += bytes;
        if self.done >= ENOUGH {
            self.ring();
        }
    }

    /// Rings them all.
    pub(in super::super) fn ring(&mut self) {
        self.done = 0;
        for mailbox in self.mailboxes.drain(..) {
            match &mut self.here {
                Some((here, recorded)) if Arc::ptr_eq(here, &mailbox) => {
                    mailbox.hush();
                    *recorded = true;
                }
                _ => mailbox.ring(),
            }
        }
    }

    /// The round is run by the thread of this env, which drains after it: it is not rung.
    pub(in super::super) fn enter(&mut self, mailbox: Arc<Mailbox>) {
        self.here = Some((mailbox, false));
    }

    /// That round is over. True if the env has to drain.
    #[must_use]
    pub(in super::super) fn leave(&mut self) -> bool {
        self.here.take().is_some_and(|(_, recorded)| recorded)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::super::lanes::Doorbell;
    use super::super::recorder::Recorder;
    use super::*;
    use crate::engine::batch::{Batch, Kind};
    use crate::engine::undelivered::Undelivered;

    struct Bell(Sender<()>);

    impl Doorbell for Bell {
        fn ring(&self) {
            self.0.send(()).expect("the test waits");
        }
    }

    fn mailbox() -> (Arc<Mailbox>, Receiver<()>) {
        let (bell, rung) = channel();
        (Arc::new(Mailbox::new(1, Box::new(Bell(bell)))), rung)
    }

    /// Records something that costs this much.
    fn record(mailbox: &Arc<Mailbox>, rings: &mut Rings, cost: usize) {
        let undelivered = Undelivered::up_to(cost);
        let mut recorder = Recorder::new(mailbox, &undelivered, 0, rings);
        recorder.add(|batch| {
            batch.push_bare(Kind::Drain, 1);
            cost
        });
    }

    #[test]
    fn each_env_is_rung_once_and_at_the_end() {
        let mut rings = Rings::default();
        let (first, first_rung) = mailbox();
        let (second, second_rung) = mailbox();
        for mailbox in [&first, &second, &first] {
            record(mailbox, &mut rings, 1);
        }
        assert_eq!(first_rung.try_iter().count(), 0);
        rings.ring();
        assert_eq!(first_rung.try_iter().count(), 1);
        assert_eq!(second_rung.try_iter().count(), 1);

        // It has heard all, and is not rung for it again.
        assert_eq!(first.take(0, Batch::default()).records.len(), 2);
        assert!(first.rest());
        rings.ring();
        assert_eq!(first_rung.try_iter().count(), 0);
    }

    #[test]
    fn after_much_nobody_waits_for_the_end() {
        let mut rings = Rings::default();
        let (first, first_rung) = mailbox();
        record(&first, &mut rings, ENOUGH - 1);
        assert_eq!(first_rung.try_iter().count(), 0);
        rings.count(1);
        assert_eq!(first_rung.try_iter().count(), 1);

        // It is counted again from 0, and a record may be what makes it enough.
        let (second, second_rung) = mailbox();
        rings.count(1);
        record(&second, &mut rings, ENOUGH - 2);
        assert_eq!(second_rung.try_iter().count(), 0);
        record(&second, &mut rings, 1);
        assert_eq!(second_rung.try_iter().count(), 1);
    }
}
