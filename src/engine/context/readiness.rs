//! Which of a shard's sockets are ready. All are registered with one poller, for which whoever leads waits as for
//! a single descriptor: a registration with the runtime, and a task, of each connection's own
//! would take several hundred bytes more of an idle one.
//!
//! What it reports is an edge: something came, went or ended since the last time.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
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
    /// There is something to read, or an end or an error that a read returns.
    pub(in super::super) readable: bool,
    /// The kernel takes more.
    pub(in super::super) writable: bool,
    /// The peer has ended its side, or the connection is lost.
    pub(in super::super) ended: bool,
}

/// The poller of a shard.
pub(in super::super) struct Readiness {
    poller: mio::Poll,
    events: Events,
}

impl Readiness {
    /// A poller of no sockets.
    pub(in super::super) fn new() -> io::Result<Self> {
        Ok(Self {
            poller: mio::Poll::new()?,
            events: Events::with_capacity(BATCH),
        })
    }

    /// The poller's descriptor, which is readable while something can be heard of.
    pub(in super::super) fn descriptor(&self) -> RawFd {
        self.poller.as_raw_fd()
    }

    /// From now on `key` is heard of, whatever becomes of this socket; first, what it is ready for now.
    pub(in super::super) fn add(&self, socket: BorrowedFd<'_>, key: u32) -> io::Result<()> {
        self.poller.registry().register(
            &mut SourceFd(&socket.as_raw_fd()),
            Token(key as usize),
            Interest::READABLE | Interest::WRITABLE,
        )
    }

    /// The same for one that another poller may have heard of, as `key`.
    pub(in super::super) fn change(&self, socket: BorrowedFd<'_>, key: u32) -> io::Result<()> {
        self.poller.registry().reregister(
            &mut SourceFd(&socket.as_raw_fd()),
            Token(key as usize),
            Interest::READABLE | Interest::WRITABLE,
        )
    }

    /// Nothing more is heard of this socket.
    pub(in super::super) fn remove(&self, socket: BorrowedFd<'_>) {
        let mut source = SourceFd(&socket.as_raw_fd());
        // It fails only if it was not added.
        let _ = self.poller.registry().deregister(&mut source);
    }

    /// Appends which sockets are ready by now, each by its key. True if there may be more.
    pub(in super::super) fn look(&mut self, found: &mut Vec<(u32, Ready)>) -> bool {
        let poll = self.poller.poll(&mut self.events, Some(Duration::ZERO));
        if poll.is_err() {
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

/// A poller, which any thread may ask, hears no more of a socket.
pub(in super::super) fn forget(poller: RawFd, socket: BorrowedFd<'_>) {
    #[cfg(target_os = "linux")]
    // SAFETY: the kernel looks at no event. It fails only if the poller does not know the socket.
    unsafe {
        libc::epoll_ctl(
            poller,
            libc::EPOLL_CTL_DEL,
            socket.as_raw_fd(),
            std::ptr::null_mut(),
        );
    }
    // Elsewhere there are no doors.
    #[cfg(not(target_os = "linux"))]
    let _ = (poller, socket);
}

/// How the runtime waits for a poller.
pub(in super::super) struct Waiting(AsyncFd<RawFd>);

impl Waiting {
    /// Waits by the runtime that is entered.
    ///
    /// # Safety
    /// `poller` is the [descriptor](Readiness::descriptor) of a poller that lives longer than this.
    pub(in super::super) unsafe fn new(poller: RawFd) -> io::Result<Self> {
        // SAFETY: the caller keeps the descriptor open.
        let waiting =
            unsafe { AsyncFd::register_with_interest(poller, tokio::io::Interest::READABLE)? };
        Ok(Self(waiting))
    }

    /// Whether something can be heard of since the last time.
    pub(in super::super) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        if let Ok(mut guard) = ready!(self.0.poll_read_ready(context)) {
            // Before it is heard: what comes from now on is told again.
            guard.clear_ready();
        }
        Poll::Ready(())
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

    /// A poller, and a runtime that waits for it.
    struct Waited {
        // Ends before the poller, whose descriptor could be another test's by then.
        waiting: Waiting,
        readiness: Readiness,
        runtime: Runtime,
    }

    impl Waited {
        fn new() -> Self {
            let runtime = Builder::new_current_thread().enable_io().build().unwrap();
            let readiness = Readiness::new().unwrap();
            let waiting = {
                let _entered = runtime.enter();
                // SAFETY: it ends before the poller.
                unsafe { Waiting::new(readiness.descriptor()) }.unwrap()
            };
            Self {
                readiness,
                waiting,
                runtime,
            }
        }

        /// Waits until something can be heard, and hears it.
        fn next(&mut self) -> Vec<(u32, Ready)> {
            let waiting = &self.waiting;
            self.runtime
                .block_on(poll_fn(|context| waiting.poll(context)));
            self.readiness.now()
        }
    }

    fn pair() -> (UnixStream, UnixStream) {
        let (ours, peers) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (ours, peers)
    }

    impl Readiness {
        /// All that can be heard by now.
        fn now(&mut self) -> Vec<(u32, Ready)> {
            let mut all = Vec::new();
            while self.look(&mut all) {}
            all
        }
    }

    #[test]
    fn each_edge_is_told_once() {
        let mut waited = Waited::new();
        let (mut ours, mut peers) = pair();
        waited.readiness.add(ours.as_fd(), 7).unwrap();
        let [(7, first)] = waited.next()[..] else {
            panic!("what it is ready for by now");
        };
        assert!(first.writable && !first.readable && !first.ended);

        for _ in 0..2 {
            peers.write_all(b"x").unwrap();
            let [(7, came)] = waited.next()[..] else {
                panic!("what has come");
            };
            assert!(came.readable && !came.ended);
            assert!(waited.readiness.now().is_empty());
            ours.read_exact(&mut [0]).unwrap();
        }

        drop(peers);
        let [(7, end)] = waited.next()[..] else {
            panic!("the end");
        };
        assert!(end.readable && end.ended);
    }

    #[test]
    fn what_comes_between_a_call_and_the_hearing_calls_again_or_is_heard() {
        let mut waited = Waited::new();
        let (mut ours, mut peers) = pair();
        waited.readiness.add(ours.as_fd(), 1).unwrap();
        waited.next();
        for _ in 0..100 {
            // So that the peer can write.
            let _ = ours.read(&mut [0; 64]);
            waited.runtime.block_on(poll_fn(|context| {
                peers.write_all(b"x").unwrap();
                waited.waiting.poll(context)
            }));
            peers.write_all(b"x").unwrap();
            assert!(!waited.readiness.now().is_empty());
            peers.write_all(b"x").unwrap();
            assert!(!waited.next().is_empty());
        }
    }

    #[test]
    fn all_are_told_of_that_are_ready_at_once() {
        let mut waited = Waited::new();
        let count = BATCH as u32 + 10;
        let pairs: Vec<_> = (0..count).map(|_| pair()).collect();
        for (key, (ours, _)) in (0..).zip(&pairs) {
            waited.readiness.add(ours.as_fd(), key).unwrap();
        }
        let mut keys: Vec<u32> = waited.next().iter().map(|told| told.0).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), pairs.len());
    }

    #[test]
    fn nothing_is_told_of_one_that_was_removed() {
        let mut readiness = Readiness::new().unwrap();
        let (ours, mut peers) = pair();
        readiness.add(ours.as_fd(), 1).unwrap();
        peers.write_all(b"x").unwrap();
        readiness.remove(ours.as_fd());
        assert!(readiness.now().is_empty());
    }
}
