//! The part of a connection that two threads touch: what waits to be written; and `writing`, `descriptor`.

mod descriptor;
mod writing;

pub use writing::Flush;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;

use super::outbox::Outbox;
use super::port::Port;
use super::sync::{Mutex, yield_now};
use crate::protocol::{Config, Deflate, Role};

/// Once more than this many bytes were queued, falling back to zero is reported as `drain`.
const HIGH_MARK: usize = 64 * 1024;

/// Why a connection is dropped whose peer does not read.
const OVERFLOW: &str = "the peer does not read: maxBufferedAmount is reached";

/// The number of a connection that its shard does not know, yet or any more.
pub(super) const NO_KEY: u32 = u32::MAX;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Append {
    /// The kernel has it.
    Written,
    /// It will be written.
    Queued,
    /// The connection sends no more: it is closing, or gone.
    Closed,
    /// The peer does not read and the limit is reached; the connection is to be dropped.
    Full,
}

/// Which thread is at work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Thread {
    Shard,
    JavaScript,
}

#[derive(Default)]
struct State {
    outbox: Outbox,
    /// Until the connection is over, and nobody is at work with it.
    fd: Option<OwnedFd>,
    /// How many are at work with it.
    users: u32,
    /// The connection is over.
    over: bool,
    /// What JavaScript wrote before the takeover has left: frames may follow.
    started: bool,
    queued: usize,
    writing: bool,
    blocked: bool,
    /// JavaScript's write left something to the shard, or the shard found JavaScript writing and
    /// waits for the end of it.
    tell_shard: bool,
    /// A close frame was appended: no frame may follow it (RFC 6455 §5.5.1).
    ended: bool,
    /// The connection is over, or over its limit: nothing is written any more.
    gone: bool,
    /// It is to be dropped because `max_buffered` was reached.
    overflowed: bool,
    was_high: bool,
}

/// A connection, as both of its threads see it.
pub struct Shared {
    /// The number its env gave it.
    pub slot: u32,
    /// Whose `Base` it belongs to.
    pub base: u64,
    /// Index of its shard.
    pub shard: usize,
    /// Outgoing frames are masked.
    pub mask: bool,
    /// How the shard compresses messages, where it does.
    pub deflate: Option<Deflate>,
    pub(super) id: u64,
    pub(super) key: AtomicU32,
    pub(super) port: Arc<Port>,
    max_buffered: usize,
    /// Pings since the shard looked.
    pings: AtomicU32,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    /// Mirrors the queue's size, so that asking for it takes no lock.
    buffered: AtomicUsize,
    state: Mutex<State>,
}

impl Shared {
    /// A connection on `fd`, which is not written to before it starts; `max_buffered` is in bytes.
    #[must_use]
    pub fn new(
        fd: OwnedFd,
        port: Arc<Port>,
        shard: usize,
        slot: u32,
        base: u64,
        config: &Config,
        max_buffered: usize,
    ) -> Self {
        let state = State {
            fd: Some(fd),
            ..State::default()
        };
        Self {
            slot,
            base,
            shard,
            mask: config.role == Role::Client,
            deflate: config.deflate,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            key: AtomicU32::new(NO_KEY),
            port,
            max_buffered,
            pings: AtomicU32::new(0),
            bytes_read: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
            buffered: AtomicUsize::new(0),
            state: Mutex::new(state),
        }
    }

    /// Bytes that wait to be written, headers included.
    pub fn buffered(&self) -> usize {
        self.buffered.load(Ordering::Relaxed)
    }

    /// Looks at it, so that its memory is in the cache once it is written to.
    pub(super) fn touch(&self) {
        // At either end of what that needs, which is three lines of a cache at most.
        std::hint::black_box((self.buffered(), self.pings.load(Ordering::Relaxed)));
    }

    /// Whether a server's frame goes to it as it is: nothing is masked or compressed.
    pub(super) fn is_plain(&self) -> bool {
        !self.mask && self.deflate.is_none()
    }

    /// Whether so many bytes more do not exceed the limit.
    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        self.buffered().saturating_add(bytes) <= self.max_buffered
    }

    /// Whether so much was queued that its end is reported.
    pub fn awaits_drain(&self) -> bool {
        self.state.lock().was_high
    }

    /// Why the connection is dropped, once an append has found `max_buffered` reached.
    pub fn overflow(&self) -> Option<&'static str> {
        self.state.lock().overflowed.then_some(OVERFLOW)
    }

    /// Bytes received since the takeover.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Bytes written since the takeover.
    pub fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Ordering::Relaxed)
    }

    pub(super) fn count_read(&self, bytes: usize) {
        self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A ping is about to be sent: counted before, so that its pong finds it counted.
    pub fn count_ping(&self) {
        self.pings.fetch_add(1, Ordering::Relaxed);
    }

    /// Pings since the last call.
    pub(super) fn take_pings(&self) -> u32 {
        // Most reads come with no ping before them: no store then.
        match self.pings.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.pings.swap(0, Ordering::Relaxed),
        }
    }

    /// What JavaScript wrote to the socket itself has left: frames may follow.
    pub fn start(&self) {
        self.state.lock().started = true;
    }

    /// JavaScript appends one frame to what is written next: `encode` appends it whole.
    pub fn append(&self, encode: impl FnOnce(&mut Vec<u8>)) -> Append {
        self.add(Thread::JavaScript, |outbox| {
            let tail = outbox.tail();
            let before = tail.len();
            encode(tail);
            tail.len() - before
        })
    }

    /// JavaScript appends a frame that was encoded apart.
    pub fn append_owned(&self, frame: Vec<u8>) -> Append {
        self.add(Thread::JavaScript, |outbox| {
            let length = frame.len();
            outbox.push_owned(frame);
            length
        })
    }

    /// JavaScript appends a frame that goes to others too.
    pub fn append_shared(&self, frame: &Bytes) -> Append {
        self.add(Thread::JavaScript, |outbox| {
            outbox.push(frame);
            frame.len()
        })
    }

    /// The shard appends a frame that was submitted.
    pub(super) fn shard_append(&self, frame: Vec<u8>) -> Append {
        self.add(Thread::Shard, |outbox| {
            let length = frame.len();
            outbox.push_owned(frame);
            length
        })
    }

    /// The shard appends a frame that goes to many.
    pub(super) fn shard_append_shared(&self, frame: &Bytes) -> Append {
        self.add(Thread::Shard, |outbox| {
            outbox.push(frame);
            frame.len()
        })
    }

    /// The shard appends what the protocol answers; `last` where it holds the close frame. Not
    /// subject to the limit: one close frame, and pongs that the protocol keeps bounded.
    pub(super) fn append_protocol(&self, frames: &[u8], last: bool) {
        let mut state = self.state.lock();
        if state.gone || state.ended {
            return;
        }
        state.outbox.tail().extend_from_slice(frames);
        state.ended = last;
        self.grow(&mut state, frames.len());
    }

    fn add(&self, thread: Thread, put: impl FnOnce(&mut Outbox) -> usize) -> Append {
        let mut state = self.state.lock();
        while state.queued >= self.max_buffered && !state.gone && !state.ended {
            drop(state);
            // The limit counts what is left after a write was tried.
            let flush = self.flush(thread, true);
            state = self.state.lock();
            if state.queued < self.max_buffered {
                break;
            }
            if flush != Flush::Busy {
                self.discard(&mut state);
                state.overflowed = true;
                return Append::Full;
            }
            // The other thread is inside one non-blocking write; see what it leaves.
            drop(state);
            yield_now();
            state = self.state.lock();
        }
        if state.gone || state.ended {
            return Append::Closed;
        }
        let length = put(&mut state.outbox);
        self.grow(&mut state, length);
        Append::Queued
    }

    fn grow(&self, state: &mut State, length: usize) {
        state.queued += length;
        state.was_high |= state.queued > HIGH_MARK;
        self.buffered.store(state.queued, Ordering::Relaxed);
    }

    /// The connection is over: nothing is kept for it any more.
    pub(super) fn finish(&self) {
        let mut state = self.state.lock();
        self.discard(&mut state);
        let unused = state.end();
        drop(state);
        drop(unused);
    }

    fn discard(&self, state: &mut State) {
        state.gone = true;
        state.outbox = Outbox::default();
        state.queued = 0;
        self.buffered.store(0, Ordering::Relaxed);
    }

    /// Whether writing failed, or the limit was passed.
    pub(super) fn is_gone(&self) -> bool {
        self.state.lock().gone
    }
}

/// A connection that is not started yet, and its peer.
#[cfg(test)]
fn connected() -> (Shared, std::os::unix::net::UnixStream) {
    struct Silent;

    impl super::port::Doorbell for Silent {
        fn ring(&self) {}
    }

    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nonblocking(true).unwrap();
    let port = Arc::new(Port::new(1, Box::new(Silent)));
    let config = Config::new(Role::Server);
    let shared = Shared::new(ours.into(), port, 0, 0, 0, &config, usize::MAX);
    (shared, theirs)
}
