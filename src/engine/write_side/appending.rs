//! Frames are appended to what waits, by either thread, within the limit.

use bytes::Bytes;

use super::outbox::Outbox;
use super::state::{Append, Flush, Thread, WriteSide};
use crate::engine::backlog::Overflow;
use crate::engine::sync::yield_now;

impl WriteSide {
    /// JavaScript appends one frame to what is written next: `encode` appends it whole.
    pub fn append(&self, encode: impl FnOnce(&mut Vec<u8>)) -> Append {
        self.add(Thread::JavaScript, |outbox| {
            let tail = outbox.tail();
            let before = tail.len();
            encode(tail);
            tail.len() - before
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
    pub(in super::super) fn shard_append(&self, frame: Vec<u8>) -> Append {
        self.add(Thread::Shard, |outbox| {
            let length = frame.len();
            outbox.push_owned(frame);
            length
        })
    }

    /// The shard appends a frame that goes to many.
    pub(in super::super) fn shard_append_shared(&self, frame: &Bytes) -> Append {
        self.add(Thread::Shard, |outbox| {
            outbox.push(frame);
            frame.len()
        })
    }

    /// The shard appends what the protocol answers; `last` if it holds the close frame. Not
    /// subject to the limit: one close frame, and pongs that the protocol keeps bounded.
    pub(in super::super) fn append_protocol(&self, frames: &[u8], last: bool) {
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
        while state.backlog.is_full(self.max_buffered) && !state.gone && !state.ended {
            drop(state);
            // The limit counts what is left after a write was tried.
            let flush = self.flush(thread, true);
            state = self.state.lock();
            if !state.backlog.is_full(self.max_buffered) {
                break;
            }
            if flush != Flush::Busy {
                self.discard(&mut state);
                state.backlog.overflow(Overflow::Output);
                return Append::Full;
            }
            // The other thread is inside one non-blocking write, or inside some that are made together; see what it leaves.
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
}
