//! Which of a shard's sockets are ready. All are registered with one poller, for which the runtime waits
//! as for a single descriptor: a registration with the runtime, and a task, of each connection's own
//! would take several hundred bytes more of an idle one.
//!
//! What is told is an edge: something came, went or ended since the last time.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Token};
use tokio::io::unix::AsyncFd;

/// Most sockets that are heard of at once.
const BATCH: usize = 256;

/// What became of a socket.
#[derive(Clone, Copy)]
pub(in super::super) struct Ready {
    /// There is something to read, or an end or an error that reading tells.
    pub(in super::super) readable: bool,
    /// The kernel takes more.
    pub(in super::super) writable: bool,
    /// The peer has ended its side, or the connection is lost.
    pub(in super::super) ended: bool,
}

/// The poller of a shard.
pub(in super::super) struct Readiness {
    poller: AsyncFd<mio::Poll>,
    events: Events,
}

impl Readiness {
    /// A poller that the runtime which is entered waits for.
    pub(in super::super) fn new() -> io::Result<Self> {
        let poller = mio::Poll::new()?;
        // SAFETY: the poller's descriptor is its own, and open for as long as the registration, which
        // owns it.
        let poller =
            unsafe { AsyncFd::register_with_interest(poller, tokio::io::Interest::READABLE)? };
        Ok(Self {
            poller,
            events: Events::with_capacity(BATCH),
        })
    }

    /// From now on `key` is heard of, whatever becomes of this socket; first, what it is ready for now.
    pub(in super::super) fn add(&self, socket: BorrowedFd<'_>, key: u32) -> io::Result<()> {
        self.poller.get_ref().registry().register(
            &mut SourceFd(&socket.as_raw_fd()),
            Token(key as usize),
            Interest::READABLE | Interest::WRITABLE,
        )
    }

    /// Nothing more is heard of this socket.
    pub(in super::super) fn remove(&self, socket: BorrowedFd<'_>) {
        let mut source = SourceFd(&socket.as_raw_fd());
        // It fails only if it was not added.
        let _ = self.poller.get_ref().registry().deregister(&mut source);
    }

    /// Whether something can be heard of since the last time.
    pub(in super::super) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        if let Ok(mut guard) = ready!(self.poller.poll_read_ready(context)) {
            // Before it is heard: what comes from now on is told again.
            guard.clear_ready();
        }
        Poll::Ready(())
    }

    /// Appends which sockets are ready by now, each by its key. True if there may be more.
    pub(in super::super) fn look(&mut self, found: &mut Vec<(u32, Ready)>) -> bool {
        let poller = self.poller.get_mut();
        if poller.poll(&mut self.events, Some(Duration::ZERO)).is_err() {
            // A signal came first.
            return true;
        }
        let before = found.len();
        found.extend(self.events.iter().map(|event| {
            let ended = event.is_read_closed();
            let failed = event.is_error() || event.is_write_closed();
            let ready = Ready {
                readable: event.is_readable() || ended || failed,
                writable: event.is_writable(),
                ended,
            };
            (event.token().0 as u32, ready)
        }));
        found.len() - before == BATCH
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn readiness() -> (Runtime, Readiness) {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        let readiness = {
            let _entered = runtime.enter();
            Readiness::new().unwrap()
        };
        (runtime, readiness)
    }

    fn pair() -> (UnixStream, UnixStream) {
        let (ours, peers) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (ours, peers)
    }

    impl Readiness {
        /// Waits until something can be heard, and hears it.
        fn next(&mut self, runtime: &Runtime) -> Vec<(u32, Ready)> {
            runtime.block_on(poll_fn(|context| self.poll(context)));
            self.now()
        }

        /// All that can be heard by now.
        fn now(&mut self) -> Vec<(u32, Ready)> {
            let mut all = Vec::new();
            while self.look(&mut all) {}
            all
        }
    }

    #[test]
    fn each_edge_is_told_once() {
        let (runtime, mut readiness) = readiness();
        let (mut ours, mut peers) = pair();
        readiness.add(ours.as_fd(), 7).unwrap();
        let [(7, first)] = readiness.next(&runtime)[..] else {
            panic!("what it is ready for by now");
        };
        assert!(first.writable && !first.readable && !first.ended);

        for _ in 0..2 {
            peers.write_all(b"x").unwrap();
            let [(7, came)] = readiness.next(&runtime)[..] else {
                panic!("what has come");
            };
            assert!(came.readable && !came.ended);
            assert!(readiness.now().is_empty());
            ours.read_exact(&mut [0]).unwrap();
        }

        drop(peers);
        let [(7, end)] = readiness.next(&runtime)[..] else {
            panic!("the end");
        };
        assert!(end.readable && end.ended);
    }

    #[test]
    fn what_comes_between_a_call_and_the_hearing_calls_again_or_is_heard() {
        let (runtime, mut readiness) = readiness();
        let (mut ours, mut peers) = pair();
        readiness.add(ours.as_fd(), 1).unwrap();
        readiness.next(&runtime);
        for _ in 0..100 {
            // So that the peer can write.
            let _ = ours.read(&mut [0; 64]);
            runtime.block_on(poll_fn(|context| {
                peers.write_all(b"x").unwrap();
                readiness.poll(context)
            }));
            peers.write_all(b"x").unwrap();
            assert!(!readiness.now().is_empty());
            peers.write_all(b"x").unwrap();
            assert!(!readiness.next(&runtime).is_empty());
        }
    }

    #[test]
    fn all_are_told_of_that_are_ready_at_once() {
        let (runtime, mut readiness) = readiness();
        let count = BATCH as u32 + 10;
        let pairs: Vec<_> = (0..count).map(|_| pair()).collect();
        for (key, (ours, _)) in (0..).zip(&pairs) {
            readiness.add(ours.as_fd(), key).unwrap();
        }
        let mut keys: Vec<u32> = readiness.next(&runtime).iter().map(|told| told.0).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), pairs.len());
    }

    #[test]
    fn nothing_is_told_of_one_that_was_removed() {
        let (_runtime, mut readiness) = readiness();
        let (ours, mut peers) = pair();
        readiness.add(ours.as_fd(), 1).unwrap();
        peers.write_all(b"x").unwrap();
        readiness.remove(ours.as_fd());
        assert!(readiness.now().is_empty());
    }
}
