//! Who writes what waits, and when.
//!
//! Either thread appends; either writes, one at a time. The lock is never held across a system
//! call: a writer takes what is pending, sets `writing`, unlocks, writes, and locks again to put
//! back the rest. After a write that the kernel did not take whole, the shard alone writes until
//! nothing is left.

use std::io::{self, IoSlice};
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::Ordering;

use super::load::Load;
use super::outbox::Outbox;
use super::securing::{end_sealed, seal_all, write_secured};
use super::socket::{self, MAX_PIECES};
use super::state::{Append, Flush, State, Thread, WriteSide};
use crate::engine::batch::Kind;
use crate::engine::sync::MutexGuard;

/// Longest piece that is written together with others.
const LONGEST: usize = 64 * 1024;

impl WriteSide {
    /// JavaScript writes a frame at once, out of the payload's own memory: large ones are spared a
    /// copy. What the kernel does not take is copied, and waits. `None` where something waits
    /// already, or is being written: nothing was done then.
    pub fn write_now(&self, header: &[u8], payload: &[u8]) -> Option<Append> {
        if self.sends_no_more() {
            return Some(Append::Closed);
        }
        let flush = self.write_through(Thread::JavaScript, [header, payload])?;
        // Where the shard is to be told, the flush at the end of the tick does it.
        let is_all = flush == Flush::Done && !self.state.lock().tell_shard;
        Some(if is_all {
            Append::Written
        } else {
            Append::Queued
        })
    }

    /// It is over, or its close frame was appended (RFC 6455 §5.5.1).
    fn sends_no_more(&self) -> bool {
        let state = self.state.lock();
        state.gone || state.ended
    }

    /// Writes a frame out of its own memory; a copy of what the kernel does not take waits. `None` where
    /// nothing may leave now: nothing was done then.
    fn write_through(&self, thread: Thread, frame: [&[u8]; 2]) -> Option<Flush> {
        if self.tls.is_some() {
            return None;
        }
        let mut state = self.state.lock();
        if !state.may_write_through() {
            return None;
        }
        let [header, payload] = frame;
        self.grow(&mut state, header.len() + payload.len());
        Some(self.write(state, thread, Some(frame)))
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
    pub(in super::super) fn flush(&self, thread: Thread, retry: bool) -> Flush {
        let mut state = self.state.lock();
        if state.writing {
            state.tell_shard |= thread == Thread::Shard;
            return Flush::Busy;
        }
        if thread == Thread::JavaScript && !retry {
            if state.blocked {
                return Flush::Busy;
            }
            if self.tls.is_some() {
                // Encrypting is the shard's work.
                state.tell_shard = true;
                return Flush::Busy;
            }
        }
        if !state.started && !state.over {
            return Flush::Done;
        }
        self.write(state, thread, None)
    }

    /// Writes `first`, which is counted already and goes before all that waits, then what waits.
    fn write<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        thread: Thread,
        first: Option<[&[u8]; 2]>,
    ) -> Flush {
        let Some(fd) = self.borrow(&mut state) else {
            return Flush::Failed;
        };
        state.writing = true;
        let state = match first {
            None => state,
            Some(frame) => {
                drop(state);
                match self.wrote(thread, write_frame(fd, frame)) {
                    ControlFlow::Continue(state) => state,
                    ControlFlow::Break(flush) => return flush,
                }
            }
        };
        self.write_waiting(fd, state, thread)
    }

    /// Writes what waits. Whoever calls it is the writer already.
    fn write_waiting<'a>(
        &'a self,
        fd: BorrowedFd<'_>,
        mut state: MutexGuard<'a, State>,
        thread: Thread,
    ) -> Flush {
        // Records may wait that nothing in the outbox stands for.
        let mut has_records = self.tls.is_some();
        loop {
            let has_none = state.outbox.is_empty() && !std::mem::take(&mut has_records);
            if state.gone || has_none {
                state.writing = false;
                state.blocked = false;
                let unused = state.give_back();
                let (gone, awaits_drain) = (state.gone, state.backlog.awaits_drain());
                drop(state);
                drop(unused);
                if awaits_drain {
                    self.report_drain();
                }
                return if gone { Flush::Failed } else { Flush::Done };
            }
            let taken = state.outbox.take();
            drop(state);
            let outcome = match &self.tls {
                Some(tls) => write_secured(&mut tls.lock(), fd, taken),
                None => write_all(fd, taken),
            };
            state = match self.wrote(thread, outcome) {
                ControlFlow::Continue(state) => state,
                ControlFlow::Break(flush) => return flush,
            };
        }
    }

    /// What a write came to: the writer goes on, unless the kernel takes no more.
    fn wrote(
        &self,
        thread: Thread,
        (written, result, rest): (usize, io::Result<()>, Outbox),
    ) -> ControlFlow<Flush, MutexGuard<'_, State>> {
        self.bytes_written
            .fetch_add(written as u64, Ordering::Relaxed);
        let mut state = self.state.lock();
        if state.gone {
            return ControlFlow::Continue(state);
        }
        state.outbox.restore(rest);
        state.backlog.shrink(written);
        self.buffered
            .store(state.backlog.queued(), Ordering::Relaxed);
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                state.writing = false;
                state.blocked = true;
                state.tell_shard = thread == Thread::JavaScript;
                let unused = state.give_back();
                drop(state);
                drop(unused);
                return ControlFlow::Break(Flush::Blocked);
            }
            Err(_) => {
                self.discard(&mut state);
                state.tell_shard = thread == Thread::JavaScript;
            }
        }
        ControlFlow::Continue(state)
    }

    /// The shard is about to write what waits, if that is short and in one piece; [`end`](Self::end) follows. `None` if it cannot, and
    /// all waits as before.
    pub(super) fn begin_waiting(&self) -> Option<(RawFd, Load)> {
        let mut state = self.state.lock();
        let may_leave = state.started && !state.writing && !state.gone && !state.blocked;
        if !may_leave || !(1..=LONGEST).contains(&state.outbox.only_piece().len()) {
            return None;
        }
        let fd = self.borrow(&mut state)?.as_raw_fd();
        state.writing = true;
        let outbox = state.outbox.take();
        drop(state);
        let Some(tls) = &self.tls else {
            return Some((fd, Load::Own(outbox)));
        };
        let sealed = seal_all(&mut tls.lock(), &outbox);
        if sealed.is_none() {
            let mut state = self.state.lock();
            state.outbox.restore(outbox);
            state.writing = false;
            let unused = state.give_back();
            drop(state);
            drop(unused);
        }
        Some((fd, Load::Records(sealed?)))
    }

    /// The same with frames of this many bytes, before which nothing waits.
    pub(super) fn begin_frames(&self, length: usize) -> Option<RawFd> {
        if self.tls.is_some() {
            return None;
        }
        let mut state = self.state.lock();
        if !state.may_write_through() {
            return None;
        }
        let fd = self.borrow(&mut state)?.as_raw_fd();
        state.writing = true;
        self.grow(&mut state, length);
        Some(fd)
    }

    /// Ends a write that was begun. `result`: what the kernel said of it, or `None` if it was not asked yet. False if the
    /// shard is to look at the connection: the kernel did not take all, the connection
    /// broke, or JavaScript was writing when it looked last.
    pub(super) fn end(&self, load: Load, result: Option<io::Result<usize>>) -> bool {
        let Some(fd) = self.borrowed() else {
            return false;
        };
        // Others may be the ring's own: a write by itself decides.
        let is_sure = |result: &io::Result<usize>| match result {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        };
        let outcome = match (result.filter(is_sure), load, &self.tls) {
            (result, Load::Records(records), Some(tls)) => {
                end_sealed(&mut tls.lock(), fd, records, result)
            }
            (None, Load::Own(outbox), _) => write_all(fd, outbox),
            (None, load, _) => write_frame(fd, [&[], load.piece()]),
            (Some(Ok(written)), load, _) => (written, Ok(()), load.rest(written)),
            (Some(Err(error)), load, _) => (0, Err(error), load.rest(0)),
        };
        let flush = match self.wrote(Thread::Shard, outcome) {
            ControlFlow::Continue(state) => self.write_waiting(fd, state, Thread::Shard),
            ControlFlow::Break(flush) => flush,
        };
        let is_told = std::mem::take(&mut self.state.lock().tell_shard);
        flush == Flush::Done && !is_told
    }

    /// That all is written is reported, be that now or later.
    pub(in super::super) fn await_drain(&self) {
        self.state.lock().backlog.await_drain();
        self.report_drain();
    }

    fn report_drain(&self) {
        // The lane is locked before the connection, here as where the protocol's events and its
        // answers to them are put down: the other way round the two threads would wait for each
        // other. `close` is recorded after `gone` was set, so no record follows that one.
        self.mailbox.record(self.shard, |batch| {
            let mut state = self.state.lock();
            // The other thread may have appended since; then what it writes ends in a drain.
            if !state.gone && state.backlog.take_drained() {
                let cost = batch.push_bare(Kind::Drain, self.slot);
                self.undelivered.count(cost);
                cost
            } else {
                0
            }
        });
    }
}

/// Writes a frame until the kernel has it all or takes no more: how much that is, and a copy of what
/// is left.
fn write_frame(
    fd: BorrowedFd<'_>,
    [header, payload]: [&[u8]; 2],
) -> (usize, io::Result<()>, Outbox) {
    let mut pieces = [IoSlice::new(header), IoSlice::new(payload)];
    let mut left = &mut pieces[usize::from(header.is_empty())..];
    let mut total = 0;
    let mut rest = Outbox::default();
    while !left.is_empty() {
        match socket::write(fd, left) {
            Ok(written) => {
                IoSlice::advance_slices(&mut left, written);
                total += written;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let pieces: Vec<&[u8]> = left.iter().map(|piece| &piece[..]).collect();
                rest.push_owned(pieces.concat());
                return (total, Err(error), rest);
            }
        }
    }
    (total, Ok(()), rest)
}

/// Writes what was taken from an outbox until nothing is left of it or the kernel takes no more.
fn write_all(fd: BorrowedFd<'_>, mut outbox: Outbox) -> (usize, io::Result<()>, Outbox) {
    let mut total = 0;
    while !outbox.is_empty() {
        let result = {
            let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
            let count = outbox.pieces(&mut pieces);
            socket::write(fd, &pieces[..count])
        };
        match result {
            Ok(written) => {
                outbox.advance(written);
                total += written;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (total, Err(error), outbox),
        }
    }
    (total, Ok(()), outbox)
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::os::unix::net::UnixStream;

    use super::super::state::connected;
    use super::*;
    use crate::engine::backlog::HIGH_MARK;
    use crate::engine::batch::Batch;

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
        let (write_side, mut peer) = connected();
        write_side.start();
        assert_eq!(
            write_side.write_now(b"head", b"payload"),
            Some(Append::Written)
        );
        assert_eq!(read(&mut peer), b"headpayload");
        assert_eq!((write_side.buffered(), write_side.bytes_written()), (0, 11));
    }

    #[test]
    fn a_large_one_drains_though_it_never_waited() {
        let (write_side, _peer) = connected();
        write_side.start();
        let payload = vec![7; HIGH_MARK];
        assert_eq!(write_side.write_now(b"h", &payload), Some(Append::Written));
        let batch = write_side.mailbox.take(0, Batch::default());
        let kinds: Vec<Kind> = batch.records.iter().map(|record| record.kind).collect();
        assert_eq!(kinds, [Kind::Drain]);
        assert!(!write_side.awaits_drain());
    }

    #[test]
    fn no_drain_is_told_while_something_waits() {
        let (write_side, mut peer) = connected();
        write_side.start();
        let kinds = || {
            let batch = write_side.mailbox.take(0, Batch::default());
            batch.records.iter().map(|r| r.kind).collect::<Vec<_>>()
        };
        let frame = |out: &mut Vec<u8>| out.extend_from_slice(&[7; HIGH_MARK + 1]);
        assert_eq!(write_side.append(frame), Append::Queued);
        write_side.report_drain();
        assert_eq!(kinds(), []);
        while write_side.flush(Thread::Shard, true) == Flush::Blocked {
            read(&mut peer);
        }
        assert_eq!(kinds(), [Kind::Drain]);
    }

    #[test]
    fn what_it_does_not_take_waits_in_its_place() {
        let (write_side, mut peer) = connected();
        write_side.start();
        let payload: Vec<u8> = (0..4_000_000_u32).map(|i| (i / 7) as u8).collect();
        assert_eq!(
            write_side.write_now(b"head", &payload),
            Some(Append::Queued)
        );
        let left = write_side.buffered();
        assert_eq!(left as u64, 4_000_004 - write_side.bytes_written());
        assert_eq!(write_side.write_now(b"second", b"second"), None);
        assert_eq!(
            write_side.append(|out| out.extend_from_slice(b"end")),
            Append::Queued
        );
        assert!(write_side.flush_inline(), "the shard is told");

        let mut all = read(&mut peer);
        while write_side.flush(Thread::Shard, true) == Flush::Blocked {
            all.extend(read(&mut peer));
        }
        all.extend(read(&mut peer));
        assert!(all == [b"head", &payload[..], b"end"].concat());
        assert_eq!(write_side.write_now(b"third", b""), Some(Append::Written));
    }

    #[test]
    fn nothing_overtakes_what_waits() {
        let (write_side, mut peer) = connected();
        assert_eq!(
            write_side.write_now(b"early", b""),
            None,
            "it has not started"
        );
        write_side.start();
        assert_eq!(
            write_side.append(|out| out.extend_from_slice(b"first")),
            Append::Queued
        );
        assert_eq!(write_side.write_now(b"second", b""), None);
        assert!(!write_side.flush_inline());
        assert_eq!(read(&mut peer), b"first");
        write_side.append_protocol(b"close", true);
        assert_eq!(write_side.flush(Thread::Shard, true), Flush::Done);
        assert_eq!(write_side.write_now(b"late", b""), Some(Append::Closed));
        assert_eq!(write_side.begin_frames(4), None);
        assert_eq!(read(&mut peer), b"close");
    }

    #[test]
    fn the_shard_is_told_of_a_connection_that_is_lost() {
        let (write_side, peer) = connected();
        write_side.start();
        drop(peer);
        assert_eq!(
            write_side.write_now(b"head", b"payload"),
            Some(Append::Queued)
        );
        assert!(write_side.flush_inline());
        assert!(write_side.is_gone());
    }
}
