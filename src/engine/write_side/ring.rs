//! `send` to several sockets by one system call: Linux's io_uring, if the system lets this process have one.
//!
//! Nothing is ever under way once a call has returned: a send that would have to wait fails with `EAGAIN`, like one on
//! its own.

use super::send::Send;
#[cfg(all(io_uring, not(miri)))]
use super::uring;

/// A ring, made at the first use.
#[derive(Default)]
pub(super) enum Ring {
    /// Nobody has asked for it yet.
    #[default]
    Unused,
    /// It is there.
    #[cfg(all(io_uring, not(miri)))]
    Ready(Box<io_uring::IoUring>),
    /// The system or the user refuses it, or it has failed.
    Refused,
}

impl Ring {
    /// Sends at most [`MOST`](super::send::MOST). What has no result then, the caller has to send by itself.
    pub(super) fn send(&mut self, sends: &mut [Send<'_>]) {
        if matches!(self, Self::Unused) {
            *self = Self::make();
        }
        #[cfg(all(io_uring, not(miri)))]
        if let Self::Ready(ring) = self
            && uring::submit(ring, sends).is_err()
        {
            // Entries that the kernel has not taken refer to memory that is given back soon: they go with the ring.
            *self = Self::Refused;
        }
        #[cfg(not(all(io_uring, not(miri))))]
        let _ = sends;
    }

    #[cfg(all(io_uring, not(miri)))]
    fn make() -> Self {
        match uring::ring() {
            Ok(ring) => Self::Ready(Box::new(ring)),
            Err(_) => Self::Refused,
        }
    }

    #[cfg(not(all(io_uring, not(miri))))]
    fn make() -> Self {
        Self::Refused
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::super::send::MOST;
    use super::*;

    fn pair() -> (UnixStream, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (ours, theirs)
    }

    /// What became of each: a count of bytes, or what was wrong. `None` if this system has no rings.
    fn send(ring: &mut Ring, to: &[(&UnixStream, &[u8])]) -> Option<Vec<Result<usize, ErrorKind>>> {
        let each = to.iter().map(|(socket, bytes)| Send {
            fd: socket.as_raw_fd(),
            bytes,
            result: None,
        });
        let mut sends: Vec<Send<'_>> = each.collect();
        ring.send(&mut sends);
        if matches!(ring, Ring::Refused) {
            return None;
        }
        let all = sends.into_iter().map(|send| send.result.expect("a result"));
        Some(
            all.map(|result| result.map_err(|error| error.kind()))
                .collect(),
        )
    }

    #[test]
    fn each_gets_its_own_and_has_its_own_result() {
        let mut ring = Ring::default();
        let (first, mut of_first) = pair();
        let (mut full, _of_full) = pair();
        while full.write(&[0; 4096]).is_ok() {}
        let (lost, of_lost) = pair();
        drop(of_lost);
        let (last, mut of_last) = pair();
        let all: [(&UnixStream, &[u8]); 4] = [
            (&first, b"one"),
            (&full, b"two"),
            (&lost, b"three"),
            (&last, b"four"),
        ];
        for _ in 0..3 {
            let Some(results) = send(&mut ring, &all) else {
                return;
            };
            let expected = [
                Ok(3),
                Err(ErrorKind::WouldBlock),
                Err(ErrorKind::BrokenPipe),
                Ok(4),
            ];
            assert_eq!(results, expected);
            let mut read = [0; 7];
            of_first.read_exact(&mut read[..3]).unwrap();
            of_last.read_exact(&mut read[3..]).unwrap();
            assert_eq!(&read, b"onefour");
        }
    }

    #[test]
    fn as_many_as_are_allowed_at_once() {
        let mut ring = Ring::default();
        let pairs: Vec<_> = (0..MOST).map(|_| pair()).collect();
        let all: Vec<(&UnixStream, &[u8])> =
            pairs.iter().map(|(ours, _)| (ours, &b"x"[..])).collect();
        let Some(results) = send(&mut ring, &all) else {
            return;
        };
        assert!(results.iter().all(|result| *result == Ok(1)));
    }

    #[test]
    fn a_ring_that_fails_has_sent_nothing_and_is_used_no_more() {
        let mut ring = Ring::default();
        let pairs: Vec<_> = (0..=MOST).map(|_| pair()).collect();
        let each = pairs.iter().map(|(ours, _)| Send {
            fd: ours.as_raw_fd(),
            bytes: b"x",
            result: None,
        });
        let mut sends: Vec<Send<'_>> = each.collect();
        for _ in 0..2 {
            ring.send(&mut sends);
            assert!(matches!(ring, Ring::Refused));
            assert!(sends.iter().all(|send| send.result.is_none()));
        }
        for (_, mut theirs) in pairs {
            theirs.set_nonblocking(true).unwrap();
            let error = theirs.read(&mut [0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
    }
}
