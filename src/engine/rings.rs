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
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::sync::OnceLock;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::super::batch::{Batch, Kind};
    use super::super::port::Doorbell;
    use super::super::shard::start;
    use super::super::shared::Shared;
    use super::super::submission::{Envelope, Submission};
    use super::*;
    use crate::protocol::{Config, Opcode, Role, encode_frame};

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
        rings.ring();
        assert_eq!(first_rung.try_iter().count(), 1);
        assert_eq!(second_rung.try_iter().count(), 1);
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

    /// Tells what waits for the env when it is rung.
    struct Asking(Arc<OnceLock<Arc<Port>>>, Sender<usize>);

    impl Doorbell for Asking {
        fn ring(&self) {
            let port = self.0.get().expect("it is rung once there is something");
            let waiting = port.take(0, Batch::default()).records.len();
            // Once the test has ended, nobody hears of the connections' ends.
            let _ = self.1.send(waiting);
        }
    }

    #[test]
    fn an_env_is_woken_once_for_what_a_round_brings() {
        const CONNECTIONS: u32 = 200;
        let (bell, rung) = channel();
        let own = Arc::new(OnceLock::new());
        let port = Arc::new(Port::new(1, Box::new(Asking(own.clone(), bell))));
        assert!(own.set(port.clone()).is_ok());
        let config = Arc::new(Config::new(Role::Server));
        let mut frame = Vec::new();
        encode_frame(&mut frame, Opcode::Text, b"text", Some([1, 2, 3, 4]));
        let mut peers = Vec::new();
        let mut submissions = Vec::new();
        for slot in 0..CONNECTIONS {
            let (ours, mut peer) = UnixStream::pair().unwrap();
            ours.set_nonblocking(true).unwrap();
            peer.write_all(&frame).unwrap();
            peers.push(peer);
            let shared = Shared::new(ours.into(), port.clone(), 0, slot, 0, &config, usize::MAX);
            let (connection, config) = (Arc::new(shared), config.clone());
            submissions.push(Submission::Open {
                connection: connection.clone(),
                config,
            });
            submissions.push(Submission::Start(connection, Vec::new()));
        }
        let handle = start(0, CONNECTIONS as usize).unwrap();
        handle.submit(Envelope { port, submissions });
        assert_eq!(rung.recv(), Ok(CONNECTIONS as usize));
        handle.stop();
    }
}
