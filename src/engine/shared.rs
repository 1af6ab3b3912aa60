//! The part of a connection that two threads touch: what waits to be written, and who writes it.
//!
//! Either thread appends; either writes, one at a time. The lock is never held across a system
//! call: a writer takes what is pending, sets `writing`, unlocks, writes, and locks again to put
//! back the rest. After a write that the kernel did not take whole, the shard alone writes until
//! nothing is left.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;

use super::batch::Kind;
use super::outbox::Outbox;
use super::port::Port;
use super::socket::{self, MAX_PIECES};
use super::sync::{Mutex, yield_now};
use crate::protocol::{Config, Deflate, Role};

/// Once more than this many bytes were queued, falling back to zero is reported as `drain`.
const HIGH_MARK: usize = 64 * 1024;

/// The number of a connection that its shard does not know, yet or any more.
pub(super) const NO_KEY: u32 = u32::MAX;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// How a flush ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Nothing waits any more, or it waits for the start.
    Done,
    /// The kernel took no more: the shard goes on when it can be written to.
    Blocked,
    /// The other thread is writing, and takes along what is here.
    Busy,
    /// The connection is broken; reading says how it ended.
    Failed,
}

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
    /// Until the connection is over.
    fd: Option<Arc<OwnedFd>>,
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
            fd: Some(Arc::new(fd)),
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

    /// Whether so much was queued that its end is reported.
    pub fn awaits_drain(&self) -> bool {
        self.state.lock().was_high
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

    /// Its descriptor, until it is over.
    pub fn fd(&self) -> Option<Arc<OwnedFd>> {
        self.state.lock().fd.clone()
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

    /// JavaScript writes a frame at once, out of the payload's own memory: large ones are spared a
    /// copy. What the kernel does not take is copied, and waits. `None` where something waits
    /// already, or is being written: nothing was done then.
    pub fn write_now(&self, header: &[u8], payload: &[u8]) -> Option<Append> {
        let mut state = self.state.lock();
        if state.gone || state.ended {
            return Some(Append::Closed);
        }
        let waits = state.writing || state.blocked || !state.started || !state.outbox.is_empty();
        let fd = state.fd.clone().filter(|_| !waits)?;
        state.writing = true;
        self.grow(&mut state, header.len() + payload.len());
        drop(state);
        let (written, result) = write_through(&fd, [header, payload]);
        self.bytes_written
            .fetch_add(written as u64, Ordering::Relaxed);
        let mut state = self.state.lock();
        state.writing = false;
        if state.gone {
            return Some(Append::Closed);
        }
        state.queued -= written;
        self.buffered.store(state.queued, Ordering::Relaxed);
        if let Err(error) = result {
            if error.kind() == io::ErrorKind::WouldBlock {
                let mut rest = Outbox::default();
                rest.push_owned(unwritten(header, payload, written));
                // In front of what the shard has appended meanwhile.
                state.outbox.restore(rest);
                state.blocked = true;
            } else {
                self.discard(&mut state);
            }
            state.tell_shard = true;
        }
        let is_all = state.outbox.is_empty() && !state.tell_shard;
        let is_drained = state.outbox.is_empty() && state.was_high;
        drop(state);
        if is_drained {
            self.report_drain();
        }
        Some(if is_all {
            Append::Written
        } else {
            Append::Queued
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

    /// JavaScript writes what waits. True where the shard is to look at the connection: the kernel
    /// took no more, the connection broke, or the shard waited for this.
    #[must_use]
    pub fn flush_inline(&self) -> bool {
        self.flush(Thread::JavaScript, false);
        let mut state = self.state.lock();
        // A shard that is writing by now looks at everything itself.
        !state.writing && std::mem::take(&mut state.tell_shard)
    }

    /// Writes what waits. `retry`: also where the kernel took no more the last time; the shard
    /// always does.
    pub(super) fn flush(&self, thread: Thread, retry: bool) -> Flush {
        let mut state = self.state.lock();
        if state.writing {
            state.tell_shard |= thread == Thread::Shard;
            return Flush::Busy;
        }
        if state.blocked && thread == Thread::JavaScript && !retry {
            return Flush::Busy;
        }
        let Some(fd) = state.fd.clone() else {
            return Flush::Failed;
        };
        if !state.started {
            return Flush::Done;
        }
        state.writing = true;
        loop {
            if state.gone || state.outbox.is_empty() {
                state.writing = false;
                state.blocked = false;
                let (gone, was_high) = (state.gone, state.was_high);
                drop(state);
                if was_high {
                    self.report_drain();
                }
                return if gone { Flush::Failed } else { Flush::Done };
            }
            let mut taken = state.outbox.take();
            drop(state);
            let (written, result) = write_all(&fd, &mut taken);
            self.bytes_written
                .fetch_add(written as u64, Ordering::Relaxed);
            state = self.state.lock();
            if state.gone {
                continue;
            }
            state.outbox.restore(taken);
            state.queued -= written;
            self.buffered.store(state.queued, Ordering::Relaxed);
            match result {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    state.writing = false;
                    state.blocked = true;
                    state.tell_shard = thread == Thread::JavaScript;
                    return Flush::Blocked;
                }
                Err(_) => {
                    self.discard(&mut state);
                    state.tell_shard = thread == Thread::JavaScript;
                }
            }
        }
    }

    fn report_drain(&self) {
        // The lane is locked before the connection, here as where the protocol's events and its
        // answers to them are put down: the other way round the two threads would wait for each
        // other. `close` is recorded after `gone` was set, so no record follows that one.
        self.port.record(self.shard, |batch| {
            let mut state = self.state.lock();
            // The other thread may have appended since; then what it writes ends in a drain.
            if !state.gone && state.queued == 0 && std::mem::take(&mut state.was_high) {
                batch.push_bare(Kind::Drain, self.slot)
            } else {
                0
            }
        });
    }

    /// The connection is over: nothing is kept for it any more. True where it was dropped because
    /// `max_buffered` was reached.
    pub(super) fn finish(&self) -> bool {
        let mut state = self.state.lock();
        self.discard(&mut state);
        state.fd = None;
        state.overflowed
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

/// Writes a frame until the kernel has it all or takes no more.
fn write_through(fd: &OwnedFd, [header, payload]: [&[u8]; 2]) -> (usize, io::Result<()>) {
    let mut pieces = [IoSlice::new(header), IoSlice::new(payload)];
    let mut left = &mut pieces[..];
    let mut total = 0;
    while !left.is_empty() {
        match socket::write(fd.as_fd(), left) {
            Ok(written) => {
                IoSlice::advance_slices(&mut left, written);
                total += written;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (total, Err(error)),
        }
    }
    (total, Ok(()))
}

/// What is left of a frame, of which `written` bytes have left.
fn unwritten(header: &[u8], payload: &[u8], written: usize) -> Vec<u8> {
    let of_header = written.min(header.len());
    [&header[of_header..], &payload[written - of_header..]].concat()
}

/// Writes until `outbox` is empty or the kernel takes no more.
fn write_all(fd: &OwnedFd, outbox: &mut Outbox) -> (usize, io::Result<()>) {
    let mut total = 0;
    while !outbox.is_empty() {
        let result = {
            let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
            let count = outbox.pieces(&mut pieces);
            socket::write(fd.as_fd(), &pieces[..count])
        };
        match result {
            Ok(written) => {
                outbox.advance(written);
                total += written;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (total, Err(error)),
        }
    }
    (total, Ok(()))
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::os::unix::net::UnixStream;

    use super::super::batch::Batch;
    use super::super::port::Doorbell;
    use super::*;

    struct Silent;

    impl Doorbell for Silent {
        fn ring(&self) {}
    }

    /// A connection that is not started yet, and its peer.
    fn connected() -> (Shared, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let port = Arc::new(Port::new(1, Box::new(Silent)));
        let config = Config::new(Role::Server);
        let shared = Shared::new(ours.into(), port, 0, 0, 0, &config, usize::MAX);
        (shared, theirs)
    }

    /// All that can be read by now.
    fn read(peer: &mut UnixStream) -> Vec<u8> {
        let mut all = Vec::new();
        match peer.read_to_end(&mut all) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => all,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_kernel_takes_is_written_at_once() {
        let (shared, mut peer) = connected();
        shared.start();
        assert_eq!(shared.write_now(b"head", b"payload"), Some(Append::Written));
        assert_eq!(read(&mut peer), b"headpayload");
        assert_eq!((shared.buffered(), shared.bytes_written()), (0, 11));
    }

    #[test]
    fn a_large_one_drains_though_it_never_waited() {
        let (shared, _peer) = connected();
        shared.start();
        let payload = vec![7; HIGH_MARK];
        assert_eq!(shared.write_now(b"h", &payload), Some(Append::Written));
        let batch = shared.port.take(0, Batch::default());
        let kinds: Vec<Kind> = batch.records.iter().map(|record| record.kind).collect();
        assert_eq!(kinds, [Kind::Drain]);
        assert!(!shared.awaits_drain());
    }

    #[test]
    fn no_drain_is_told_while_something_waits() {
        let (shared, mut peer) = connected();
        shared.start();
        let kinds = || {
            let batch = shared.port.take(0, Batch::default());
            batch.records.iter().map(|r| r.kind).collect::<Vec<_>>()
        };
        let frame = |out: &mut Vec<u8>| out.extend_from_slice(&[7; HIGH_MARK + 1]);
        assert_eq!(shared.append(frame), Append::Queued);
        shared.report_drain();
        assert_eq!(kinds(), []);
        while shared.flush(Thread::Shard, true) == Flush::Blocked {
            read(&mut peer);
        }
        assert_eq!(kinds(), [Kind::Drain]);
    }

    #[test]
    fn what_it_does_not_take_waits_in_its_place() {
        let (shared, mut peer) = connected();
        shared.start();
        let payload: Vec<u8> = (0..4_000_000_u32).map(|i| (i / 7) as u8).collect();
        assert_eq!(shared.write_now(b"head", &payload), Some(Append::Queued));
        let left = shared.buffered();
        assert_eq!(left as u64, 4_000_004 - shared.bytes_written());
        assert_eq!(shared.write_now(b"second", b"second"), None);
        assert_eq!(
            shared.append(|out| out.extend_from_slice(b"end")),
            Append::Queued
        );
        assert!(shared.flush_inline(), "the shard is told");

        let mut all = read(&mut peer);
        while shared.flush(Thread::Shard, true) == Flush::Blocked {
            all.extend(read(&mut peer));
        }
        all.extend(read(&mut peer));
        assert!(all == [b"head", &payload[..], b"end"].concat());
        assert_eq!(shared.write_now(b"third", b""), Some(Append::Written));
    }

    #[test]
    fn nothing_overtakes_what_waits() {
        let (shared, mut peer) = connected();
        assert_eq!(shared.write_now(b"early", b""), None, "it has not started");
        shared.start();
        assert_eq!(
            shared.append(|out| out.extend_from_slice(b"first")),
            Append::Queued
        );
        assert_eq!(shared.write_now(b"second", b""), None);
        assert!(!shared.flush_inline());
        assert_eq!(read(&mut peer), b"first");
        shared.append_protocol(b"close", true);
        assert_eq!(shared.write_now(b"late", b""), Some(Append::Closed));
    }

    #[test]
    fn the_shard_is_told_of_a_connection_that_is_lost() {
        let (shared, peer) = connected();
        shared.start();
        drop(peer);
        assert_eq!(shared.write_now(b"head", b"payload"), Some(Append::Queued));
        assert!(shared.flush_inline());
        assert!(shared.is_gone());
    }
}
