//! Messages to all connections of a `Base`.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::super::compressed_once::CompressedOnce;
use super::super::connection::Connection;
use super::super::port::Port;
use super::super::submission::{Frame, Submission};
use super::{BEHIND, Shard, Work};
use crate::protocol::{Opcode, encode_compressed_frame, encode_frame, random_key};

/// Frames of broadcasts in a row make one piece, up to this many bytes.
const JOINED: usize = 16 * 1024;

/// Broadcasts that nothing came between: each connection is gone to once for all of them.
struct Run {
    broadcasts: Vec<Broadcast>,
    /// Their frames, one behind the other.
    joined: Bytes,
    pings: usize,
}

struct Broadcast {
    at: Instant,
    frame: Frame,
    compressed: CompressedOnce,
}

impl Broadcast {
    fn new(at: Instant, mut frame: Frame) -> Self {
        frame.compress &= at.elapsed() < BEHIND;
        Self {
            at,
            frame,
            compressed: CompressedOnce::default(),
        }
    }
}

impl Run {
    fn new(broadcasts: Vec<Broadcast>) -> Self {
        let frames = || broadcasts.iter().map(|broadcast| &broadcast.frame);
        let joined = match &broadcasts[..] {
            [only] => only.frame.bytes.clone(),
            _ => frames()
                .flat_map(|frame| &frame.bytes[..])
                .copied()
                .collect(),
        };
        let pings = frames()
            .filter(|frame| frame.opcode == Opcode::Ping)
            .count();
        Self {
            broadcasts,
            joined,
            pings,
        }
    }

    /// Appends all frames, but those that have to be compressed for this connection by itself, and what
    /// comes behind the first of them: these are added to `rest`.
    fn append(&mut self, shard: &Rc<Shard>, connection: &Rc<Connection>, rest: &mut Vec<Work>) {
        let shared = &connection.shared;
        for _ in 0..self.pings {
            shared.count_ping();
        }
        let is_plain = !shared.mask && shared.deflate.is_none();
        if is_plain && shared.has_room_for(self.joined.len()) {
            let append = shared.shard_append_shared(&self.joined);
            return connection.appended(shard, append);
        }
        let mut by_itself = false;
        for Broadcast {
            at,
            frame,
            compressed,
        } in &mut self.broadcasts
        {
            let deflate = shared.deflate.as_ref();
            let deflate = deflate.filter(|d| frame.compress && d.compresses(frame.payload().len()));
            by_itself |= deflate.is_some_and(|deflate| deflate.outgoing.context_takeover);
            if by_itself {
                rest.push(Work::Message(*at, shared.clone(), frame.clone()));
                continue;
            }
            let append = match deflate.and_then(|deflate| compressed.frame(deflate, frame)) {
                Some(once) if shared.mask => {
                    let (mut own, key) = (Vec::new(), Some(random_key()));
                    encode_compressed_frame(&mut own, frame.opcode, once.payload(), key);
                    shared.shard_append(own)
                }
                Some(once) => shared.shard_append_shared(&once.bytes),
                None if shared.mask => {
                    let mut own = Vec::new();
                    encode_frame(&mut own, frame.opcode, frame.payload(), Some(random_key()));
                    shared.shard_append(own)
                }
                None => shared.shard_append_shared(&frame.bytes),
            };
            connection.appended(shard, append);
        }
    }
}

impl Shard {
    /// Sends a frame to all connections of a `Base`, together with those of the broadcasts to the same
    /// that come next. What is returned is to be carried out by itself.
    pub(super) fn broadcast(
        self: &Rc<Self>,
        at: Instant,
        port: &Arc<Port>,
        base: u64,
        frame: Frame,
    ) -> Vec<Work> {
        let mut rest = Vec::new();
        let mut run = self.run(at, port, base, frame);
        let Some(all) = self.bases.borrow().get(&base).cloned() else {
            return rest;
        };
        let count = all.borrow().len();
        // Backwards: a connection that ends on the way is replaced by the last, which had its turn.
        for index in (0..count).rev() {
            let connection = all.borrow()[index].clone();
            run.append(self, &connection, &mut rest);
        }
        rest
    }

    /// Takes the broadcasts that come next out of the backlog: where they were, they are done.
    fn run(&self, at: Instant, port: &Arc<Port>, base: u64, frame: Frame) -> Run {
        let mut backlog = self.backlog.borrow_mut();
        let mut bytes = frame.bytes.len();
        let mut broadcasts = vec![Broadcast::new(at, frame)];
        let followers = backlog.iter_mut().map_while(|work| {
            let Work::Submission(at, of, Submission::Broadcast { base: to, frame }) = work else {
                return None;
            };
            bytes += frame.bytes.len();
            if *to != base || !Arc::ptr_eq(of, port) || bytes > JOINED {
                return None;
            }
            let broadcast = Broadcast::new(*at, frame.clone());
            *work = Work::Done(port.clone(), broadcast.frame.bytes.len());
            Some(broadcast)
        });
        broadcasts.extend(followers);
        Run::new(broadcasts)
    }
}
