//! What a connection reads by TLS.

use std::os::fd::AsFd;
use std::sync::Arc;

use super::{Connection, reading::pressure};
use crate::engine::context::{Context, Output};
use crate::engine::mailbox::Recorder;
use crate::engine::session::Brought;
use crate::engine::tls::{Failure, Received, SecureContext};
use crate::engine::write_side::{Thread, socket};

/// Most reads of what comes after a failure. With bytes that were not read the system would reset the connection, and
/// the peer would perhaps not get the alert.
const LEFT: usize = 16;

impl Connection {
    /// Reads records once, and has the session take what they carry.
    pub(super) fn read_secured(&mut self, context: &mut Context) {
        let (Some(tls), Some(fd)) = (&self.write_side.tls, self.write_side.fd()) else {
            return self.lose(context);
        };
        let mut tls = tls.lock();
        if tls.has_ended() {
            drop(tls);
            drop(fd);
            return self.end_reads(context);
        }
        let buffer = &mut context.read_buffer[..];
        let cut = tls.resume(buffer);
        if cut == buffer.len() {
            let failure = tls.refuse();
            drop(tls);
            drop(fd);
            return self.fail_secured(context, failure);
        }
        match socket::receive(fd.as_fd(), &mut buffer[cut..]) {
            Ok(0) => {
                drop(tls);
                drop(fd);
                self.end_reads(context);
            }
            Ok(read) => {
                if cut + read < buffer.len() {
                    // It has emptied the kernel's buffer: an edge reports what comes next.
                    self.readable = self.ending;
                }
                context.plaintext.clear();
                let received = tls.take(&mut buffer[..cut + read], &mut context.plaintext);
                drop(tls);
                drop(fd);
                self.take_received(context, received);
            }
            Err(error) => {
                drop(tls);
                drop(fd);
                self.read_failed(context, &error);
            }
        }
    }

    /// The context that was waited for, by the name that the peer has asked for; `None` if others do the TLS.
    pub(in super::super) fn choose(
        &mut self,
        context: &mut Context,
        secure: Option<Arc<SecureContext>>,
    ) {
        let Some(tls) = &self.write_side.tls else {
            return;
        };
        context.plaintext.clear();
        let received = {
            let mut tls = tls.lock();
            if !tls.is_waiting() {
                return;
            }
            let chosen = match secure {
                Some(secure) => tls.choose(&secure),
                None => {
                    tls.pass();
                    Ok(())
                }
            };
            match chosen {
                Ok(()) => tls.go_on(&mut context.plaintext),
                Err(failure) => Received {
                    failure: Some(failure),
                    ..Received::default()
                },
            }
        };
        self.take_received(context, received);
        self.pause(context, false);
    }

    /// What a door has read of it, and kept.
    pub(super) fn take_kept(&mut self, context: &mut Context) {
        let tls = self.write_side.tls.as_ref();
        if let Some(kept) = tls.and_then(|tls| tls.lock().take_kept()) {
            context.plaintext = kept.plaintext;
            self.take_received(context, kept.received);
        }
    }

    /// Has the session take what records have carried, and then what followed it.
    fn take_received(&mut self, context: &mut Context, received: Received) {
        let mut plaintext = std::mem::take(&mut context.plaintext);
        let (now, pressure) = (context.now(), pressure(&self.write_side));
        if received.is_secured {
            self.record(&mut context.output, |batch, slot| batch.push_secure(slot));
        }
        if !plaintext.is_empty() {
            self.write_side.count_read(plaintext.len());
            context.output.rings.count(plaintext.len());
            self.step(&mut context.output, |session, answer, record| {
                session.receive(
                    &mut plaintext,
                    pressure,
                    now,
                    answer,
                    &mut |event: Brought<'_>| record(event),
                );
            });
        }
        context.plaintext = plaintext;
        if let Some(name) = received.hello {
            self.pause(context, true);
            self.record(&mut context.output, |batch, slot| {
                batch.push_hello(slot, &name)
            });
        }
        if let Some(failure) = received.failure {
            return self.fail_secured(context, failure);
        }
        if received.is_lost {
            return self.lose(context);
        }
        if received.has_ended {
            // In its next turn, after all that waits.
            self.readable = true;
            self.ending = true;
        }
        self.settle(context);
    }

    /// The records are broken: the alert leaves, and the connection is over.
    fn fail_secured(&mut self, context: &mut Context, failure: Failure) {
        self.write_side.flush(Thread::Shard, true);
        self.record(&mut context.output, |batch, slot| {
            batch.push_failure(slot, failure)
        });
        if let Some(fd) = self.write_side.fd() {
            socket::shut_write(fd.as_fd());
            let buffer = &mut context.read_buffer[..];
            for _ in 0..LEFT {
                if !matches!(socket::receive(fd.as_fd(), buffer), Ok(1..)) {
                    break;
                }
            }
        }
        self.lose(context);
    }

    /// Records something of the connection's own.
    fn record(
        &self,
        output: &mut Output,
        push: impl FnOnce(&mut crate::engine::batch::Batch, u32) -> usize,
    ) {
        let Output { index, rings, .. } = output;
        let write_side = &self.write_side;
        let (mailbox, undelivered) = (&write_side.mailbox, &write_side.undelivered);
        let mut recorder = Recorder::new(mailbox, undelivered, *index, rings);
        recorder.add(|batch| push(batch, write_side.slot));
    }
}
