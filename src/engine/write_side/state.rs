//! What both threads of a connection see of it, and the lock of what they change.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::outbox::Outbox;
use super::socket;
use crate::engine::backlog::{Backlog, Overflow};
use crate::engine::mailbox::Mailbox;
use crate::engine::slot::Named;
use crate::engine::sync::Mutex;
use crate::engine::tls::Tls;
use crate::engine::undelivered::Undelivered;
use crate::protocol::{Config, Deflate, Progress, Role};

/// The number of a connection that its shard does not know, yet or any more.
pub(in super::super) const NO_KEY: u32 = u32::MAX;

/// What the records of one connection may cost while they wait to be delivered, before it is read no further.
const QUOTA: usize = 1024 * 1024;

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

/// How a flush ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Flush {
    /// Nothing waits any more, or it waits for the start.
    Done,
    /// The kernel took no more: the shard goes on when it can be written to.
    Blocked,
    /// The other thread is writing, and takes along what is here.
    Busy,
    /// The connection is broken; reading says how it ended.
    Failed,
}

/// Which thread is at work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Thread {
    Shard,
    JavaScript,
}

/// What the lock guards.
#[derive(Default)]
pub(super) struct State {
    pub(super) outbox: Outbox,
    /// Until the connection is over, and nobody is at work with it.
    pub(super) fd: Option<OwnedFd>,
    /// How many are at work with it.
    pub(super) users: u32,
    /// The connection is over.
    pub(super) over: bool,
    /// What JavaScript wrote before the takeover has left: frames may follow.
    pub(super) started: bool,
    pub(super) backlog: Backlog,
    pub(super) writing: bool,
    pub(super) blocked: bool,
    /// JavaScript's write left something to the shard, or the shard found JavaScript writing and
    /// waits for the end of it.
    pub(super) tell_shard: bool,
    /// A close frame was appended: no frame may follow it (RFC 6455 §5.5.1).
    pub(super) ended: bool,
    /// The connection is over, or over its limit: nothing is written any more.
    pub(super) gone: bool,
}

impl State {
    /// Whether a frame may leave without waiting: nothing is before it.
    pub(super) fn may_write_through(&self) -> bool {
        let is_open = self.started && !self.gone && !self.ended;
        is_open && !self.writing && self.outbox.is_empty()
    }
}

/// A connection, as both of its threads see it.
pub struct WriteSide {
    /// The number its env gave it.
    pub slot: u32,
    /// Whose `Base` it belongs to.
    pub base: u64,
    /// Index of its shard.
    pub shard: usize,
    /// Outgoing frames are masked.
    pub mask: bool,
    /// How the shard compresses messages, if it does.
    pub deflate: Option<Deflate>,
    pub(in super::super) id: u64,
    pub(in super::super) key: AtomicU32,
    pub(in super::super) mailbox: Arc<Mailbox>,
    pub(super) max_buffered: usize,
    /// Pings since the shard looked.
    pings: AtomicU32,
    /// Volatile messages that it did not get, because too much waited.
    skipped: AtomicU32,
    bytes_read: AtomicU64,
    pub(super) bytes_written: AtomicU64,
    /// Mirrors the queue's size, so that asking for it takes no lock.
    pub(super) buffered: AtomicUsize,
    pub(super) state: Mutex<State>,
    /// Its shard's poller knows it already.
    pub is_watched: bool,
    /// Bytes of its opening handshake, if Rust has read and written that.
    pub handshake: Handshake,
    /// It hands on bytes as they come: no WebSocket has begun.
    pub is_raw: bool,
    /// Its records, if it is secured. The shard reads and writes them; JavaScript does only where it would have to wait.
    pub tls: Option<Arc<Mutex<Tls>>>,
    /// What was recorded of it and is not delivered yet.
    pub undelivered: Undelivered,
}

/// Bytes of an opening handshake.
#[derive(Clone, Copy, Default)]
pub struct Handshake {
    /// Of the request.
    pub read: u32,
    /// Of the response.
    pub written: u32,
}

impl WriteSide {
    /// A connection on `fd`, which is not written to before it starts; `max_buffered` is in bytes.
    #[must_use]
    pub fn new(
        fd: OwnedFd,
        mailbox: Arc<Mailbox>,
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
            mailbox,
            max_buffered,
            pings: AtomicU32::new(0),
            skipped: AtomicU32::new(0),
            bytes_read: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
            buffered: AtomicUsize::new(0),
            state: Mutex::new(state),
            is_watched: false,
            handshake: Handshake::default(),
            is_raw: false,
            tls: None,
            undelivered: Undelivered::up_to(QUOTA),
        }
    }

    /// The same before a WebSocket begins: it hands on bytes.
    #[must_use]
    pub fn raw(self) -> Self {
        Self {
            is_raw: true,
            ..self
        }
    }

    /// The same for one whose opening handshake Rust has had. Its shard's poller knows it already, or not.
    #[must_use]
    pub fn arrived(self, is_watched: bool, handshake: Handshake) -> Self {
        Self {
            is_watched,
            handshake,
            ..self
        }
    }

    /// The same where this many bytes were read of it before.
    #[must_use]
    pub fn after(self, bytes: u32) -> Self {
        self.count_read(bytes as usize);
        self
    }

    /// The same by these records.
    #[must_use]
    pub fn secured(self, tls: Option<Arc<Mutex<Tls>>>) -> Self {
        Self { tls, ..self }
    }

    /// Bytes that wait to be written, headers included.
    pub fn buffered(&self) -> usize {
        self.buffered.load(Ordering::Relaxed)
    }

    /// What names it to its shard, once that knows it.
    pub fn named(&self) -> Option<Named> {
        let key = self.key.load(Ordering::Relaxed);
        (key != NO_KEY).then_some(Named {
            key,
            slot: self.slot,
        })
    }

    /// How far what was sent has come: up to where the peer's kernel has it, if ours says that.
    pub(in super::super) fn progress(&self) -> Progress {
        let fd = self.fd();
        let held = fd.map_or(0, |fd| socket::unacknowledged(fd.as_fd()));
        // The kernel counts ciphertext.
        let written = match &self.tls {
            Some(tls) => tls.lock().written(),
            None => self.bytes_written(),
        };
        Progress {
            waits: held > 0 || self.buffered() > 0,
            taken: written.saturating_sub(held as u64),
        }
    }

    /// Looks at it, so that its memory is in the cache once it is written to.
    pub(in super::super) fn touch(&self) {
        // At either end of what that needs, which is three lines of a cache at most.
        std::hint::black_box((self.buffered(), self.pings.load(Ordering::Relaxed)));
    }

    /// Whether a server's frame goes to it as it is: nothing is masked or compressed.
    pub(in super::super) fn is_plain(&self) -> bool {
        !self.mask && self.deflate.is_none()
    }

    /// Whether this many bytes more do not exceed the limit.
    pub(in super::super) fn has_room_for(&self, bytes: usize) -> bool {
        self.buffered().saturating_add(bytes) <= self.max_buffered
    }

    /// Whether so much was queued that its end is reported.
    pub fn awaits_drain(&self) -> bool {
        self.state.lock().backlog.awaits_drain()
    }

    /// Why the connection is dropped, once an append has found `max_buffered` reached.
    pub fn overflow(&self) -> Option<Overflow> {
        self.state.lock().backlog.overflowed()
    }

    /// Bytes received since the takeover.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Bytes written since the takeover.
    pub fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Ordering::Relaxed)
    }

    /// Volatile messages that it did not get.
    pub fn skipped(&self) -> u32 {
        self.skipped.load(Ordering::Relaxed)
    }

    /// It does not get a volatile message.
    pub(in super::super) fn count_skipped(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(in super::super) fn count_read(&self, bytes: usize) {
        self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A ping is about to be sent: counted before, so that its pong finds it counted.
    pub fn count_ping(&self) {
        self.pings.fetch_add(1, Ordering::Relaxed);
    }

    /// Pings since the last call.
    pub(in super::super) fn take_pings(&self) -> u32 {
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

    /// JavaScript writes nothing of it any more: it is about to be handed over.
    pub fn stop(&self) {
        self.state.lock().started = false;
    }

    /// What waits in another, which was stopped, leaves before all that was appended here.
    pub(in super::super) fn adopt(&self, other: &Self) {
        let (unwritten, queued) = {
            let mut state = other.state.lock();
            let queued = state.backlog.queued();
            let unwritten = state.outbox.take();
            state.backlog.clear();
            (unwritten, queued)
        };
        let mut state = self.state.lock();
        if !state.gone {
            state.outbox.restore(unwritten);
            self.grow(&mut state, queued);
        }
    }

    /// This many more bytes wait.
    pub(super) fn grow(&self, state: &mut State, length: usize) {
        state.backlog.grow(length);
        self.buffered
            .store(state.backlog.queued(), Ordering::Relaxed);
    }

    /// Nothing is kept any more, nor written.
    pub(super) fn discard(&self, state: &mut State) {
        state.gone = true;
        state.outbox = Outbox::default();
        state.backlog.clear();
        self.buffered.store(0, Ordering::Relaxed);
    }

    /// Whether the kernel has all that was appended.
    pub(in super::super) fn has_written_all(&self) -> bool {
        let state = self.state.lock();
        !state.gone && state.backlog.queued() == 0
    }

    /// Whether writing failed, or the limit was passed.
    pub(in super::super) fn is_gone(&self) -> bool {
        self.state.lock().gone
    }
}

/// A connection that is not started yet, and its peer.
#[cfg(test)]
pub(super) fn connected() -> (WriteSide, std::os::unix::net::UnixStream) {
    struct Silent;

    impl crate::engine::mailbox::Doorbell for Silent {
        fn ring(&self) {}
    }

    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nonblocking(true).unwrap();
    let mailbox = Arc::new(Mailbox::new(1, Box::new(Silent)));
    let config = Config::new(Role::Server);
    let write_side = WriteSide::new(ours.into(), mailbox, 0, 0, 0, &config, usize::MAX);
    (write_side, theirs)
}
