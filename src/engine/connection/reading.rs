//! What a connection reads, and when it does not.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use super::super::readiness::Ready;
use super::super::shard::{READ_BUFFER, Shard};
use super::super::socket;
use super::{Connection, Reading, Record};
use crate::protocol::{self, State};

/// With more than this many bytes queued, only the latest ping is answered (RFC 6455 §5.5.3).
const CONGESTED: usize = 64 * 1024;
/// Reads of one connection before others have their turn.
const READS_PER_TURN: u32 = 4;

/// What one read of a connection with compression may bring: inflated, that is 16 MiB at most, as
/// much as an env lets records wait.
const COMPRESSED_READ: usize = 16 * 1024;

/// Where this many bytes of a message are still to come, they are read straight into it.
const DIRECT: usize = 16 * 1024;

impl Connection {
    /// Its socket is ready: what waits is written, and it has a turn to read.
    pub(in super::super) fn ready(self: &Rc<Self>, shard: &Rc<Shard>, ready: Ready) {
        let writes = {
            let mut inner = self.inner.borrow_mut();
            inner.readable |= ready.readable;
            inner.ending |= ready.ended;
            ready.writable && std::mem::take(&mut inner.want_write)
        };
        if writes {
            self.settle(shard);
        }
        self.turn_later(shard);
    }

    /// Reads what has come, but for so much that others have to wait: then it has another turn.
    pub(in super::super) fn turn(self: &Rc<Self>, shard: &Rc<Shard>) {
        self.waits.set(false);
        let Some(fd) = self.shared.fd() else {
            return;
        };
        for _ in 0..READS_PER_TURN {
            let reading = {
                let inner = self.inner.borrow();
                let has_some = inner.readable || !inner.early.is_empty();
                if !inner.started || inner.finished || !has_some {
                    return;
                }
                inner.reading
            };
            match reading {
                Reading::On if self.must_suspend(shard) => return,
                Reading::On => self.read_some(shard, fd.as_fd()),
                Reading::Paused => return self.look_for_hang_up(shard, fd.as_fd()),
                Reading::Suspended | Reading::Ended => return,
            }
        }
        self.turn_later(shard);
    }

    /// One read, and what it brings.
    fn read_some(self: &Rc<Self>, shard: &Rc<Shard>, fd: BorrowedFd<'_>) {
        if let Some(mut piece) = self.take_early(self.room()) {
            return self.receive(shard, &mut piece);
        }
        match self.read(shard, fd) {
            Ok((read, room)) if read < room => {
                // It has emptied the kernel's buffer: of what comes next, an edge tells.
                let mut inner = self.inner.borrow_mut();
                inner.readable = inner.ending;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Where it cannot be written to any more, there is nothing left to read.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && !self.shared.is_gone() => {
                self.inner.borrow_mut().readable = false;
            }
            Err(_) => self.lose(shard),
        }
    }

    /// Most bytes to read at once.
    fn room(&self) -> usize {
        match self.shared.deflate {
            Some(_) => COMPRESSED_READ,
            None => READ_BUFFER,
        }
    }

    /// Reads from the socket once, and takes what that brings: so many bytes, of so many that it had
    /// room for.
    fn read(self: &Rc<Self>, shard: &Rc<Shard>, fd: BorrowedFd<'_>) -> io::Result<(usize, usize)> {
        if let Some(result) = self.read_into_message(fd) {
            let (read, room) = result?;
            if read == 0 {
                self.end(shard);
            } else {
                self.count(shard, read);
                self.take_in(shard, |protocol, answer, record| {
                    protocol.received(read, shard.now(), answer, &mut |event| record(event));
                });
            }
            return Ok((read, room));
        }
        let mut buffer = shard.read_buffer.borrow_mut();
        let buffer = &mut buffer[..self.room()];
        let read = socket::receive(fd, buffer)?;
        if read == 0 {
            self.end(shard);
        } else {
            self.count(shard, read);
            self.receive(shard, &mut buffer[..read]);
        }
        Ok((read, buffer.len()))
    }

    fn count(&self, shard: &Shard, read: usize) {
        self.shared.count_read(read);
        shard.rings.count(read);
    }

    /// Reads the rest of a large message straight to where it is put together: so many bytes, of so many
    /// that there was room for.
    fn read_into_message(&self, fd: BorrowedFd<'_>) -> Option<io::Result<(usize, usize)>> {
        if self.shared.deflate.is_some() {
            return None;
        }
        let mut inner = self.inner.borrow_mut();
        let (memory, room) = inner.protocol.room(DIRECT)?;
        Some(socket::receive_into(fd, memory, room).map(|read| (read, room)))
    }

    /// The next `room` bytes of what JavaScript had read, if there are any left.
    fn take_early(&self, room: usize) -> Option<Vec<u8>> {
        let early = &mut self.inner.borrow_mut().early;
        if early.is_empty() {
            return None;
        }
        let rest = early.split_off(room.min(early.len()));
        Some(std::mem::replace(early, rest))
    }

    /// While paused, only a reset is noticed; what came before it is then delivered.
    fn look_for_hang_up(self: &Rc<Self>, shard: &Shard, fd: BorrowedFd<'_>) {
        self.inner.borrow_mut().readable = false;
        if socket::is_hung_up(fd) {
            self.read_on(shard);
        }
    }

    /// Where the env has no room for records, reading stops until it has.
    fn must_suspend(self: &Rc<Self>, shard: &Shard) -> bool {
        let port = &self.shared.port;
        if !port.is_full() || !port.suspend() {
            return false;
        }
        let mut inner = self.inner.borrow_mut();
        inner.reading = Reading::Suspended;
        inner.protocol.suspend(shard.now());
        shard.suspend(self.clone());
        true
    }

    /// The env has room again.
    pub(in super::super) fn resume(self: &Rc<Self>, shard: &Shard) {
        if self.inner.borrow().reading == Reading::Suspended {
            self.read_on(shard);
        }
    }

    /// The app stops reading, or goes on.
    pub(in super::super) fn pause(self: &Rc<Self>, shard: &Shard, paused: bool) {
        let mut inner = self.inner.borrow_mut();
        match inner.reading {
            Reading::On | Reading::Suspended if paused => {
                if inner.reading == Reading::On {
                    inner.protocol.suspend(shard.now());
                }
                inner.reading = Reading::Paused;
                drop(inner);
                self.turn_later(shard);
            }
            Reading::Paused if !paused => {
                drop(inner);
                self.read_on(shard);
            }
            _ => {}
        }
    }

    pub(super) fn read_on(self: &Rc<Self>, shard: &Shard) {
        let mut inner = self.inner.borrow_mut();
        if matches!(inner.reading, Reading::Paused | Reading::Suspended) {
            inner.protocol.resume(shard.now());
        }
        inner.reading = Reading::On;
        inner.readable = true;
        drop(inner);
        self.turn_later(shard);
        self.arm(shard);
    }

    fn receive(self: &Rc<Self>, shard: &Rc<Shard>, bytes: &mut [u8]) {
        self.take_in(shard, |protocol, answer, record| {
            protocol.receive(bytes, shard.now(), answer, &mut |event| record(event));
        });
    }

    /// Lets the protocol take what has come.
    fn take_in(
        self: &Rc<Self>,
        shard: &Rc<Shard>,
        take: impl FnOnce(&mut protocol::Connection, &mut Vec<u8>, &mut Record<'_>),
    ) {
        let congested = self.shared.buffered() > CONGESTED;
        // Before the step: what waits may be written by the time it ends.
        self.inner.borrow_mut().congested |= congested;
        self.step(shard, |protocol, answer, record| {
            if congested {
                protocol.set_congested(true, answer);
            }
            protocol.expect_pongs(self.shared.take_pings());
            take(protocol, answer, record);
        });
    }

    /// The peer's FIN.
    fn end(self: &Rc<Self>, shard: &Rc<Shard>) {
        let mut inner = self.inner.borrow_mut();
        let unsent = self.shared.buffered() > 0 || inner.parting.is_some();
        if inner.protocol.state() == State::Draining && unsent {
            inner.reading = Reading::Ended;
            return;
        }
        drop(inner);
        self.lose(shard);
    }

    /// This thread may have been too busy to read what the peer sent before its time was up. False
    /// where the connection has ended.
    pub(super) fn read_before_deadline(self: &Rc<Self>, shard: &Rc<Shard>) -> bool {
        {
            let inner = self.inner.borrow();
            // What JavaScript had read comes before what is in the socket.
            let is_next = inner.started && inner.early.is_empty();
            if inner.reading != Reading::On || !is_next || inner.finished {
                return !inner.finished;
            }
        }
        let Some(fd) = self.shared.fd() else {
            return true;
        };
        match self.read(shard, fd.as_fd()) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => self.lose(shard),
            _ => {}
        }
        !self.inner.borrow().finished
    }
}
