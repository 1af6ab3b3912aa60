//! Who comes by a door whose connections are secured: the TLS handshake comes first, and then the request, as records.
//!
//! Of whatever is not in order, all that has come is kept in the [`Tls`], and a raw connection takes it from there. So
//! errors, ends and slow peers become what they are where JavaScript has opened the connection.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use super::{Doors, Silent, is_silence};
use crate::engine::batch::Arrival;
use crate::engine::context::{Context, Ready};
use crate::engine::shard::SLICE;
use crate::engine::tls::{Received, Tls};
use crate::engine::write_side::{socket, write_unsent};
use crate::protocol::RequestHead;

/// Most reads of one connection before it is handed on. A handshake takes two, unless its messages come in pieces.
const READS: usize = 4;
/// What the records of a request, or of a handshake, may take beside the bytes of a request.
const OVERHEAD: usize = 4 * 1024;

/// What became of one read.
enum Heard {
    /// Nothing more has come.
    Silence,
    /// There may be more.
    More,
    /// A request for a WebSocket, of this many bytes.
    Head(RequestHead, usize),
    /// It is for others.
    Other,
}

impl Doors {
    /// One has come: its records are read once those of others were.
    pub(super) fn begin(&mut self, context: &mut Context, silent: u32) {
        let one = &mut self.silent[silent as usize];
        one.tls = self.open[one.door as usize].door.new_tls();
        if one.tls.is_some() {
            self.hear_later(silent);
        } else {
            self.hand_on(context, silent, &[]);
        }
    }

    fn hear_later(&mut self, silent: u32) {
        let one = &mut self.silent[silent as usize];
        if !std::mem::replace(&mut one.is_unheard, true) {
            self.unheard.push_back(silent);
        }
    }

    /// One has said something, or will not any more. Records take long to read, so they wait for those of others.
    pub(super) fn spoke(&mut self, context: &mut Context, silent: u32, ready: Ready) {
        let Some(one) = self.silent.get_mut(silent as usize) else {
            return;
        };
        one.has_ended |= ready.ended;
        if !ready.readable && !ready.ended {
            return;
        }
        if one.tls.is_some() {
            self.hear_later(silent);
        } else {
            self.hear(context, silent);
        }
    }

    /// Reads the records that wait, as long as a shard may keep connections waiting.
    pub(super) fn hear_some(&mut self, context: &mut Context) {
        if self.unheard.is_empty() {
            return;
        }
        let began = Instant::now();
        while let Some(silent) = self.unheard.pop_front() {
            if let Some(one) = self.silent.get_mut(silent as usize) {
                one.is_unheard = false;
            }
            let is_watched = |one: &Silent| one.is_watched;
            if !self.hear(context, silent)
                && !self.silent.get(silent as usize).is_none_or(is_watched)
            {
                self.watch(context, silent, false);
            }
            if began.elapsed() >= SLICE {
                return;
            }
        }
    }

    /// Reads records: whether one has said what it wants, or has ended.
    pub(super) fn hear_secured(&mut self, context: &mut Context, silent: u32, most: usize) -> bool {
        let one = &mut self.silent[silent as usize];
        let (Some(tls), fd, peer) = (&mut one.tls, one.fd.as_fd(), one.peer) else {
            return true;
        };
        let mut heard = Heard::More;
        for _ in 0..READS {
            heard = hear(context, tls, fd, most, one.has_ended);
            if !matches!(heard, Heard::More) {
                break;
            }
        }
        match heard {
            Heard::Silence => return false,
            Heard::Head(head, read) => {
                let arrival = Arrival::Head {
                    lines: &head.lines,
                    asks: head.asks,
                    peer,
                };
                self.record(context, silent, head.key, read, &arrival);
            }
            Heard::More | Heard::Other => self.hand_on(context, silent, &[]),
        }
        true
    }
}

/// Reads records once. `has_ended`: no edge reports what comes next.
fn hear(
    context: &mut Context,
    tls: &mut Tls,
    fd: BorrowedFd<'_>,
    most: usize,
    has_ended: bool,
) -> Heard {
    let buffer = &mut context.read_buffer[..];
    let cut = tls.resume(buffer);
    // What is more than a request stays in the socket, for whom it is for.
    let room = (most + OVERHEAD).min(buffer.len());
    if cut >= room {
        return Heard::Other;
    }
    let read = match socket::receive(fd, &mut buffer[cut..room]) {
        Ok(read) if read > 0 => read,
        Err(error) if is_silence(error.kind()) => return Heard::Silence,
        // Reading once more says so again.
        Ok(_) => return Heard::Other,
        Err(_) => {
            let lost = Received {
                is_lost: true,
                ..Received::default()
            };
            tls.keep(lost, &[]);
            return Heard::Other;
        }
    };
    let is_more = has_ended || cut + read == room;
    context.plaintext.clear();
    let received = tls.take(&mut buffer[..cut + read], &mut context.plaintext);
    let plaintext = &context.plaintext[..];
    let is_open = received.failure.is_none() && !received.has_ended;
    if is_open
        && !plaintext.is_empty()
        && let Some(head) = RequestHead::read(plaintext, most)
    {
        tls.take_kept();
        // What the handshake has yet to say leaves together with the response.
        return Heard::Head(head, plaintext.len());
    }
    let is_silent = is_open && plaintext.is_empty();
    tls.keep(received, plaintext);
    // If that fails, reading says why.
    if !is_silent || write_unsent(tls, fd, &mut 0).is_err() {
        Heard::Other
    } else if is_more {
        Heard::More
    } else {
        Heard::Silence
    }
}
