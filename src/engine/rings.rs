//! Whom a shard wakes at the end of a round.
//!
//! An env that was woken for the first record of a round would be woken for few: on the same core it
//! takes the shard's place at once, and on another it is at rest again before the next record comes.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::port::Port;

/// After so many bytes that were read, and records that cost so much, the end of the round is not waited for.
const ENOUGH: usize = 256 * 1024;

/// The envs that a shard has recorded something for since it rang them.
#[derive(Default)]
pub(super) struct Rings {
    ports: RefCell<Vec<Arc<Port>>>,
    done: Cell<usize>,
}

impl Rings {
    /// Records that cost this much wait for this env.
    pub(super) fn later(&self, port: &Arc<Port>, cost: usize) {
        {
            let mut ports = self.ports.borrow_mut();
            if !ports.iter().any(|known| Arc::ptr_eq(known, port)) {
                ports.push(port.clone());
            }
        }
        self.count(cost);
    }

    /// So many bytes more were read, or so much was recorded, since the last ring.
    pub(super) fn count(&self, bytes: usize) {
        self.done.set(self.done.get() + bytes);
        if self.done.get() >= ENOUGH {
            self.ring();
        }
    }

    /// Rings them all.
    pub(super) fn ring(&self) {
        self.done.set(0);
        for port in self.ports.borrow_mut().drain(..) {
            port.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::super::batch::{Batch, Kind};
    use super::super::port::Doorbell;
    use super::*;

    struct Bell(Sender<()>);

    impl Doorbell for Bell {
        fn ring(&self) {
            self.0.send(()).expect("the test waits");
        }
    }

    fn port() -> (Arc<Port>, Receiver<()>) {
        let (bell, rung) = channel();
        (Arc::new(Port::new(1, Box::new(Bell(bell)))), rung)
    }

    /// Records something that costs this much.
    fn record(port: &Arc<Port>, rings: &Rings, cost: usize) {
        let mut recorder = port.recorder(0, rings);
        recorder.add(|batch| {
            batch.push_bare(Kind::Drain, 1);
            cost
        });
    }

    #[test]
    fn each_env_is_rung_once_and_at_the_end() {
        let rings = Rings::default();
        let (first, first_rung) = port();
        let (second, second_rung) = port();
        for port in [&first, &second, &first] {
            record(port, &rings, 1);
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
        let rings = Rings::default();
        let (first, first_rung) = port();
        record(&first, &rings, ENOUGH - 1);
        assert_eq!(first_rung.try_iter().count(), 0);
        rings.count(1);
        assert_eq!(first_rung.try_iter().count(), 1);

        // It is counted anew, and a record may be what makes it enough.
        let (second, second_rung) = port();
        rings.count(1);
        record(&second, &rings, ENOUGH - 2);
        assert_eq!(second_rung.try_iter().count(), 0);
        record(&second, &rings, 1);
        assert_eq!(second_rung.try_iter().count(), 1);
    }
}
