//! The descriptor of a connection, for as long as somebody is at work with it.
//!
//! Who that is is counted in the connection's state, which is locked to ask for it: a count of its own would
//! be one more place in memory that each write has to look at.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::state::{State, WriteSide};

/// A connection's descriptor, which is not closed before this is dropped.
pub struct Descriptor<'a> {
    write_side: &'a WriteSide,
    fd: BorrowedFd<'a>,
}

impl AsFd for Descriptor<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd
    }
}

impl Drop for Descriptor<'_> {
    fn drop(&mut self) {
        // Closed once the lock is given back.
        let _unused = self.write_side.state.lock().give_back();
    }
}

impl WriteSide {
    /// Its descriptor, until it is over.
    pub fn fd(&self) -> Option<Descriptor<'_>> {
        let fd = self.borrow(&mut self.state.lock())?;
        Some(Descriptor {
            write_side: self,
            fd,
        })
    }

    /// The same where its state, `state`, is locked; to be given back. Where a panic comes before that, it is
    /// closed once nobody has the connection any more.
    pub(super) fn borrow<'a>(&'a self, state: &mut State) -> Option<BorrowedFd<'a>> {
        let fd = state.fd.as_ref().filter(|_| !state.over)?.as_raw_fd();
        state.users += 1;
        // SAFETY: it is open, and for as long as `self` is there and `users` counts this one nobody
        // closes it. `Descriptor`, `write` and those who begin to write, which alone call this, use it no longer.
        Some(unsafe { BorrowedFd::borrow_raw(fd) })
    }

    /// The same for who has begun to write, and has not ended that: it is counted already.
    pub(super) fn borrowed(&self) -> Option<BorrowedFd<'_>> {
        let fd = self.state.lock().fd.as_ref()?.as_raw_fd();
        // SAFETY: as above; `end`, which alone calls this, uses it only until it gives it back.
        Some(unsafe { BorrowedFd::borrow_raw(fd) })
    }

    /// The connection is over: nothing is kept for it any more.
    pub(in super::super) fn finish(&self) {
        let mut state = self.state.lock();
        self.discard(&mut state);
        let unused = state.end();
        drop(state);
        drop(unused);
    }

    #[cfg(test)]
    pub(in super::super) fn is_closed(&self) -> bool {
        self.state.lock().fd.is_none()
    }
}

impl State {
    /// One that was borrowed is used no more. What is returned is to be closed, without the lock.
    #[must_use]
    pub(super) fn give_back(&mut self) -> Option<OwnedFd> {
        self.users -= 1;
        self.take_unused()
    }

    /// The connection is over: the descriptor is to be closed, now or by the last who is at work with it.
    #[must_use]
    fn end(&mut self) -> Option<OwnedFd> {
        self.over = true;
        self.take_unused()
    }

    fn take_unused(&mut self) -> Option<OwnedFd> {
        self.fd.take_if(|_| self.over && self.users == 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::os::fd::AsFd;

    use super::super::socket;
    use super::super::state::connected;

    #[test]
    fn it_is_closed_by_the_last_who_is_at_work_with_it() {
        let (write_side, mut peer) = connected();
        write_side.start();
        let (first, second) = (write_side.fd().unwrap(), write_side.fd().unwrap());
        write_side.finish();
        assert!(write_side.fd().is_none(), "nobody begins to");
        drop(second);
        assert!(!socket::is_hung_up(first.as_fd()));
        let early = peer.read(&mut [0]).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        assert!(!write_side.is_closed());
        drop(first);
        assert!(write_side.is_closed());
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn it_is_closed_at_once_where_nobody_is_at_work_with_it() {
        let (write_side, mut peer) = connected();
        drop(write_side.fd());
        write_side.finish();
        assert!(write_side.is_closed());
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    }
}
