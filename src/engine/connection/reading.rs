//! What a connection reads, and when it does not.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use super::{Connection, Life};
use crate::engine::context::{Context, LONG, Ready};
use crate::engine::session::{Brought, Pressure};
use crate::engine::undelivered::Undelivered;
use crate::engine::write_side::{WriteSide, socket};
use crate::protocol::State;

/// Reads of one connection before others have their turn.
const READS_PER_TURN: u32 = 4;

/// If this many bytes of a message are still to come, they are read straight into it.
const DIRECT: usize = 16 * 1024;

impl Connection {
    /// Its socket is ready: what waits is written, and it has a turn to read.
    pub(in super::super) fn ready(&mut self, context: &mut Context, ready: Ready) {
        self.readable |= ready.readable;
        self.ending |= ready.ended;
        if ready.writable && std::mem::take(&mut self.want_write) {
            self.settle(context);
        }
        self.turn_later(context);
    }

    /// Its turn, which begins at `began`: it reads what has come, unless that is so much, or takes so long, that others
    /// have to wait. Then it has another turn. Returns when this one has ended.
    pub(in super::super) fn turn(&mut self, context: &mut Context, began: Instant) -> Instant {
        self.waits = false;
        let was_making = self.session.is_making();
        let is_more = self.read_some(context, began, was_making);
        let end = Instant::now();
        if self.session.may_read() {
            // If not, it has perhaps read nothing, and is what it was.
            self.is_long = end - began >= LONG;
        }
        if is_more {
            self.turn_after(context, was_making);
        }
        end
    }

    /// Reads what there is time for: to the end of the message that it `was_making`, if it was. True if there may be more.
    fn read_some(&mut self, context: &mut Context, began: Instant, was_making: bool) -> bool {
        for read in 0..READS_PER_TURN {
            let has_some = self.readable || self.session.is_behind();
            if self.life != Life::Started || !has_some {
                return false;
            }
            if self.session.is_paused() {
                self.look_for_hang_up(context);
                return false;
            }
            // It has had some: who has not comes first, by time as well as for room.
            if read > 0
                && (self.write_side.mailbox.undelivered.is_full() || began.elapsed() >= LONG)
            {
                return true;
            }
            if !self.session.may_read() || self.must_suspend(context) {
                return false;
            }
            self.read(context);
            if was_making && !self.session.is_making() {
                // The next message has its place behind those that wait.
                return true;
            }
        }
        true
    }

    /// One read, and what it brings. What was read before comes before what is in the socket.
    fn read(&mut self, context: &mut Context) {
        if self.session.is_behind() {
            let (now, pressure) = (context.now(), pressure(&self.write_side));
            self.step(&mut context.output, |session, answer, record| {
                session.take(pressure, now, answer, &mut |event| record(event));
            });
            return self.settle(context);
        }
        if self.write_side.tls.is_some() {
            return self.read_secured(context);
        }
        match self.receive(context) {
            Ok((0, _)) => self.end_reads(context),
            Ok((read, room)) => {
                if read < room {
                    // It has emptied the kernel's buffer: an edge reports what comes next.
                    self.readable = self.ending;
                }
                self.settle(context);
            }
            Err(error) => self.read_failed(context, &error),
        }
    }

    /// The peer's FIN came.
    pub(super) fn end_reads(&mut self, context: &mut Context) {
        let (now, pressure) = (context.now(), pressure(&self.write_side));
        self.step(&mut context.output, |session, _, record| {
            session.end_reads(pressure, now, &mut |event| record(event));
        });
        if self.session.phase() == State::Closed {
            self.finish(context);
        } else {
            self.settle(context);
        }
    }

    /// Nothing was read.
    pub(super) fn read_failed(&mut self, context: &mut Context, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::Interrupted => {}
            // If it cannot be written to any more, there is nothing left to read.
            io::ErrorKind::WouldBlock if !self.write_side.is_gone() => self.readable = false,
            _ => self.lose(context),
        }
    }

    /// Reads from the socket once, and has the session take that: how many bytes, of how many that there was
    /// room for. The rest of a large message is read straight into the message.
    fn receive(&mut self, context: &mut Context) -> io::Result<(usize, usize)> {
        let Some(fd) = self.write_side.fd() else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let direct = match self.write_side.deflate {
            None => self.session.room(DIRECT),
            Some(_) => None,
        };
        let is_direct = direct.is_some();
        let (read, room) = match direct {
            Some((memory, room)) => (socket::receive_into(fd.as_fd(), memory, room)?, room),
            None => {
                let buffer = &mut context.read_buffer[..];
                (socket::receive(fd.as_fd(), buffer)?, buffer.len())
            }
        };
        drop(fd);
        if read == 0 {
            return Ok((read, room));
        }
        self.write_side.count_read(read);
        context.output.rings.count(read);
        // Before the step: what waits may be written by the time it ends.
        let (now, pressure) = (context.now(), pressure(&self.write_side));
        let buffer = &mut context.read_buffer;
        self.step(&mut context.output, |session, answer, record| {
            let mut record = |brought: Brought<'_>| record(brought);
            if is_direct {
                session.received(read, pressure, now, answer, &mut record);
            } else {
                session.receive(&mut buffer[..read], pressure, now, answer, &mut record);
            }
        });
        Ok((read, room))
    }

    /// While paused, only a reset is noticed; what came before it is then delivered.
    fn look_for_hang_up(&mut self, context: &mut Context) {
        self.readable = false;
        let fd = self.write_side.fd();
        if fd.is_some_and(|fd| socket::is_hung_up(fd.as_fd())) {
            self.end_pause(context);
            self.session.read_on(context.now());
            self.read_on(context);
        }
    }

    /// If too much waits to be delivered, of this connection or of the env, reading stops until there is room.
    fn must_suspend(&mut self, context: &mut Context) -> bool {
        // If it brings no more messages, its peer's close frame is waited for.
        let is_full = self.session.brings_messages() && must_wait(&self.write_side.undelivered);
        let waits_for_env = !is_full && must_wait(&self.write_side.mailbox.undelivered);
        if waits_for_env {
            context.suspended.push(self.key());
        }
        if is_full || waits_for_env {
            self.session.suspend(context.now());
        }
        is_full || waits_for_env
    }

    /// There is room again.
    pub(in super::super) fn unsuspend(&mut self, context: &mut Context) {
        if self.session.unsuspend(context.now()) {
            self.read_on(context);
        }
    }

    /// The app stops reading, or goes on.
    pub(in super::super) fn pause(&mut self, context: &mut Context, paused: bool) {
        if !self.session.pause(paused, context.now()) {
            return;
        }
        if paused {
            // What hangs up meanwhile is noticed in a turn.
            self.turn_later(context);
        } else {
            self.read_on(context);
        }
    }

    /// The session reads again: what came meanwhile was heard of before.
    pub(super) fn read_on(&mut self, context: &mut Context) {
        self.readable = true;
        self.turn_later(context);
        self.arm(context);
    }

    /// This thread may have been too busy to read what the peer sent before its time was up. False
    /// if the connection has ended.
    pub(super) fn read_before_deadline(&mut self, context: &mut Context) -> bool {
        if self.life == Life::Started && self.session.may_read() {
            self.read(context);
        }
        !self.is_over()
    }
}

/// Whether reading stops until some of this was delivered.
fn must_wait(undelivered: &Undelivered) -> bool {
    undelivered.is_full() && undelivered.suspend()
}

/// What waits for the peer, and which pings it is about to answer.
pub(super) fn pressure(write_side: &WriteSide) -> Pressure {
    let queued = write_side.buffered();
    Pressure {
        queued,
        unsent: queued > 0,
        pings: write_side.take_pings(),
    }
}
