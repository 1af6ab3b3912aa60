//! What waits for several connections is written together: one system call for all of them, if the system allows it.
//!
//! A write is begun, which makes its connection's writer the shard, as any write does. All that were begun are written
//! before the shard appends anything to one of these connections.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;

use bytes::Bytes;

use super::load::Load;
use super::ring::Ring;
use super::send::{MOST, Send};
use super::state::WriteSide;

/// For fewer than these, a system call each takes no longer: the first reader begins while the others are written to.
const FEW: usize = 16;
/// Most bytes that are begun: whoever waits for one of these connections waits for all of it.
const MOST_BYTES: usize = 256 * 1024;

/// A write that was begun.
struct Begun {
    write_side: Arc<WriteSide>,
    fd: RawFd,
    load: Load,
}

/// Writes that were begun, to be made together.
#[derive(Default)]
pub(in super::super) struct Sweep {
    /// Whether enough writes are expected for that; otherwise each is made at once.
    together: bool,
    begun: Vec<Begun>,
    /// How many bytes these come to.
    bytes: usize,
    ring: Ring,
    /// Those that the shard is to look at: all to which what had waited was written, and others if that was not all.
    written: Vec<Arc<WriteSide>>,
}

impl Sweep {
    /// None is begun. `rings`: whether they may be made by one system call.
    pub(in super::super) fn new(rings: bool) -> Self {
        Self {
            ring: match rings {
                true => Ring::Unused,
                false => Ring::Refused,
            },
            ..Self::default()
        }
    }

    /// Up to `count` writes come next.
    pub(in super::super) fn expect(&mut self, count: usize) {
        self.together = count >= FEW;
    }

    /// Begins to write what waits for a connection. False if that is for it alone: few writes are
    /// expected, there is nothing, or it is long or not in one piece, or nothing may leave now.
    pub(in super::super) fn begin(&mut self, write_side: &Arc<WriteSide>) -> bool {
        if !self.together {
            return false;
        }
        let begun = write_side.begin_waiting();
        let has_begun = begun.is_some();
        if let Some((fd, load)) = begun {
            self.push(write_side, fd, load);
        }
        has_begun
    }

    /// Begins to write frames that go to others as well. False if something waits before them, or nothing may leave now.
    pub(in super::super) fn begin_shared(
        &mut self,
        write_side: &Arc<WriteSide>,
        frames: &Bytes,
    ) -> bool {
        let begun = write_side.begin_frames(frames.len());
        if let Some(fd) = begun {
            self.push(write_side, fd, Load::Shared(frames.clone()));
        }
        begun.is_some()
    }

    fn push(&mut self, write_side: &Arc<WriteSide>, fd: RawFd, load: Load) {
        self.bytes += load.piece().len();
        self.begun.push(Begun {
            write_side: write_side.clone(),
            fd,
            load,
        });
        if !self.together || self.begun.len() == MOST || self.bytes >= MOST_BYTES {
            self.write();
        }
    }

    /// Writes all that was begun.
    pub(in super::super) fn write(&mut self) {
        let mut results = self.send().into_iter();
        self.bytes = 0;
        for begun in self.begun.drain(..) {
            let Begun {
                write_side, load, ..
            } = begun;
            let result = results.next().flatten();
            let is_own = !matches!(load, Load::Shared(_));
            let is_all = write_side.end(load, result);
            if is_own || !is_all {
                self.written.push(write_side);
            }
        }
    }

    /// Has the kernel send what was begun, by one call: what became of each, or `None` if it is to be written by itself.
    /// Nothing where all are.
    fn send(&mut self) -> Vec<Option<io::Result<usize>>> {
        if self.begun.len() < FEW {
            return Vec::new();
        }
        let each = self.begun.iter().map(|begun| Send {
            fd: begun.fd,
            bytes: begun.load.piece(),
            result: None,
        });
        let mut sends: Vec<Send<'_>> = each.collect();
        self.ring.send(&mut sends);
        sends.into_iter().map(|send| send.result).collect()
    }

    /// The connections that the shard is to look at, after all that was begun is written.
    pub(in super::super) fn finish(&mut self) -> Vec<Arc<WriteSide>> {
        self.write();
        std::mem::take(&mut self.written)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, IoSlice, Read};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::super::socket;
    use super::super::state::{Append, Thread, connected};
    use super::*;

    /// More than a kernel takes at once.
    const LONG: usize = 4_000_000;

    fn several(count: usize) -> Vec<(Arc<WriteSide>, UnixStream)> {
        let one = || {
            let (write_side, peer) = connected();
            write_side.start();
            (Arc::new(write_side), peer)
        };
        (0..count).map(|_| one()).collect()
    }

    /// With a ring, if the system has one, and without.
    fn sweeps() -> [Sweep; 2] {
        [true, false].map(|rings| {
            let mut sweep = Sweep::new(rings);
            sweep.expect(FEW);
            sweep
        })
    }

    fn append(write_side: &WriteSide, frame: &[u8]) {
        let append = write_side.append(|out| out.extend_from_slice(frame));
        assert_eq!(append, Append::Queued);
    }

    fn come(peer: &mut UnixStream) -> Vec<u8> {
        let mut all = Vec::new();
        match peer.read_to_end(&mut all) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => all,
            other => panic!("{other:?}"),
        }
    }

    fn ids(all: &[Arc<WriteSide>]) -> Vec<u64> {
        all.iter().map(|one| one.id).collect()
    }

    #[test]
    fn each_gets_what_waits_for_it_and_is_to_be_looked_at() {
        for mut sweep in sweeps() {
            let mut all = several(2 * MOST + 1);
            for (number, (write_side, _)) in (0..).zip(&all) {
                append(write_side, &u32::to_be_bytes(number));
                assert!(sweep.begin(write_side));
                assert!(!sweep.begin(write_side), "it has begun");
            }
            let expected: Vec<u64> = all.iter().map(|(one, _)| one.id).collect();
            assert_eq!(ids(&sweep.finish()), expected);
            for (number, (write_side, peer)) in (0..).zip(&mut all) {
                assert_eq!(come(peer), u32::to_be_bytes(number));
                assert_eq!((write_side.buffered(), write_side.bytes_written()), (0, 4));
            }
            assert!(sweep.finish().is_empty());
        }
    }

    #[test]
    fn frames_for_many_are_to_be_looked_at_only_where_not_all_was_written() {
        for mut sweep in sweeps() {
            // Enough for a ring, without the slow one.
            let mut all = several(FEW + 1);
            let lost = several(1).remove(0);
            drop(lost.1);
            let slow = all[1].0.clone();
            append(&slow, &vec![0; LONG]);
            slow.flush(Thread::Shard, true);
            let waits = slow.buffered();
            assert!(waits > 0);
            let frames = Bytes::from_static(b"for all");
            assert!(
                !sweep.begin_shared(&slow, &frames),
                "something waits before them"
            );
            for (write_side, _) in all.iter().filter(|(one, _)| one.id != slow.id) {
                assert!(sweep.begin_shared(write_side, &frames));
                assert_eq!(write_side.buffered(), frames.len());
            }
            assert!(sweep.begin_shared(&lost.0, &frames));
            assert_eq!(ids(&sweep.finish()), [lost.0.id]);
            assert!(lost.0.is_gone());
            assert_eq!(slow.buffered(), waits);
            for (write_side, peer) in all.iter_mut().filter(|(one, _)| one.id != slow.id) {
                assert_eq!(come(peer), b"for all");
                assert_eq!(write_side.buffered(), 0);
            }
        }
    }

    #[test]
    fn what_the_kernel_does_not_take_waits_in_its_place() {
        for mut sweep in sweeps() {
            let mut all = several(FEW);
            let frames = Bytes::from_static(b"for all");
            for (write_side, _) in &all {
                let fd = write_side.fd().unwrap();
                while socket::write(fd.as_fd(), &[IoSlice::new(&[0; 4096])]).is_ok() {}
                assert!(sweep.begin_shared(write_side, &frames));
                append(write_side, b"after");
                assert!(!write_side.flush_inline(), "the shard is writing");
            }
            assert_eq!(sweep.finish().len(), FEW);
            for (write_side, peer) in &mut all {
                assert_eq!(write_side.buffered(), 12);
                assert!(!sweep.begin(write_side), "the kernel takes no more");
                let mut came = come(peer);
                write_side.flush(Thread::Shard, true);
                came.extend(come(peer));
                assert_eq!(write_side.buffered(), 0);
                assert!(came.ends_with(b"\0for allafter"));
            }
        }
    }

    #[test]
    fn no_more_than_some_bytes_are_begun_at_once() {
        for mut sweep in sweeps() {
            let mut all = several(8);
            let long = vec![1; 60 * 1024];
            for (write_side, _) in &all {
                append(write_side, &long);
                assert!(sweep.begin(write_side));
                assert!(sweep.bytes < MOST_BYTES);
            }
            assert_eq!(sweep.finish().len(), 8);
            for (_, peer) in &mut all {
                assert!(come(peer) == long);
            }
        }
    }

    #[test]
    fn one_that_ends_meanwhile_is_closed_by_the_sweep() {
        for mut sweep in sweeps() {
            let mut all = several(FEW);
            for (write_side, _) in &all {
                append(write_side, b"last");
                assert!(sweep.begin(write_side));
                write_side.finish();
                assert!(!write_side.is_closed());
            }
            assert_eq!(sweep.finish().len(), FEW);
            for (write_side, peer) in &mut all {
                assert!(write_side.is_closed());
                let mut came = Vec::new();
                peer.read_to_end(&mut came).unwrap();
                assert_eq!(came, b"last");
            }
        }
    }

    #[test]
    fn where_few_are_expected_nothing_waits_for_the_others() {
        let [mut sweep, _] = sweeps();
        sweep.expect(FEW - 1);
        let frames = Bytes::from_static(b"for all");
        let (write_side, mut peer) = several(1).remove(0);
        assert!(sweep.begin_shared(&write_side, &frames));
        assert_eq!(come(&mut peer), b"for all");
        append(&write_side, b"own");
        assert!(!sweep.begin(&write_side));
        assert!(sweep.finish().is_empty());
        assert!(!write_side.flush_inline());
        assert_eq!(come(&mut peer), b"own");
    }

    #[test]
    fn what_is_long_or_in_pieces_is_for_one_alone() {
        let [mut sweep, _] = sweeps();
        let (write_side, mut peer) = several(1).remove(0);
        assert!(!sweep.begin(&write_side), "nothing waits");
        append(&write_side, b"small");
        assert_eq!(write_side.append_owned(vec![1; 5_000]), Append::Queued);
        assert!(!sweep.begin(&write_side));
        assert!(!write_side.flush_inline());
        assert_eq!(come(&mut peer).len(), 5_005);
        append(&write_side, &vec![1; 64 * 1024 + 1]);
        assert!(!sweep.begin(&write_side), "it is long");
    }
}
