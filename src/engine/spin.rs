//! Looking again for a while before going to sleep.
//!
//! A thread that sleeps takes some 5 µs to wake, and so does each core on the way to an answer: with
//! one connection and one message under way that is a good part of the time. A thread that goes on
//! looking costs a core instead. So it is off unless `WEBSOCKETS_SPIN` says for how long.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The longest that a thread may look for in vain, in µs.
const LIMIT: u64 = 1_000;
/// Most reads after which it does not look again, for having looked in vain.
const MAX_SKIPPED: u32 = 64;

/// How a shard spins.
pub(super) struct Spin {
    window: Duration,
    reads: Cell<u64>,
    read: Notify,
}

impl Spin {
    /// As `WEBSOCKETS_SPIN` says, in µs; a number out of range, and no number, is as none: `None`.
    pub(super) fn from_env() -> Option<Self> {
        let window = window(std::env::var("WEBSOCKETS_SPIN").ok().as_deref())?;
        Some(Self {
            window,
            reads: Cell::new(0),
            read: Notify::new(),
        })
    }

    /// Something was read: more may follow soon.
    pub(super) fn note_read(&self) {
        self.reads.set(self.reads.get() + 1);
        self.read.notify_one();
    }

    /// Keeps the thread awake after reads. Each time that nothing came of it, it is left out after
    /// twice as many of them.
    pub(super) async fn run(&self) {
        let mut skipped = 0;
        loop {
            for _ in 0..=skipped {
                self.read.notified().await;
            }
            let mut in_vain = true;
            while self.spin().await {
                in_vain = false;
            }
            skipped = match in_vain {
                true => (2 * skipped + 1).min(MAX_SKIPPED),
                false => 0,
            };
        }
    }

    /// Whether something was read meanwhile.
    async fn spin(&self) -> bool {
        let (seen, began) = (self.reads.get(), Instant::now());
        while self.reads.get() == seen {
            if began.elapsed() >= self.window {
                return false;
            }
            // The runtime looks at its sockets, and does not sleep.
            tokio::task::yield_now().await;
        }
        true
    }
}

fn window(asked: Option<&str>) -> Option<Duration> {
    let micros = asked?.trim().parse().ok()?;
    (1..=LIMIT)
        .contains(&micros)
        .then(|| Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use tokio::task::LocalSet;

    use super::*;

    #[test]
    fn a_number_out_of_range_is_as_none() {
        for text in ["", "0", "-1", "long", "1001"] {
            assert_eq!(window(Some(text)), None, "{text:?}");
        }
        assert_eq!(window(None), None);
        assert_eq!(window(Some(" 50 ")), Some(Duration::from_micros(50)));
    }

    #[test]
    fn it_ends_when_nothing_comes_and_goes_on_when_something_does() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without I/O");
        let lasting = |window| {
            Rc::new(Spin {
                window,
                reads: Cell::new(0),
                read: Notify::new(),
            })
        };
        LocalSet::new().block_on(&runtime, async {
            assert!(!lasting(Duration::from_micros(50)).spin().await);
            let patient = lasting(Duration::from_secs(60));
            let other = patient.clone();
            tokio::task::spawn_local(async move { other.note_read() });
            // Without the read this would take a minute.
            assert!(patient.spin().await);
        });
    }
}
