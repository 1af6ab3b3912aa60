//! Whose turn it is on a shard.
//!
//! A connection whose last turn was long comes after those whose turns are short: among many peers that each take
//! long, one that does not waits for one of them at most.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::row::{Making, Row};

/// A turn that took this long was long, and ends.
pub(in super::super) const LONG: Duration = Duration::from_millis(1);

/// Connections that have something to do, by key, each once.
#[derive(Default)]
pub(in super::super) struct Turns {
    short: VecDeque<u32>,
    long: Row<u32>,
}

impl Turns {
    /// One more waits for its turn, the last of its kind; one that makes a message is of those whose turns are long.
    pub(in super::super) fn push(&mut self, key: u32, is_long: bool, making: Making) {
        match is_long || making != Making::Nothing {
            true => self.long.push(key, making),
            false => self.short.push_back(key),
        }
    }

    /// How many wait, of those with short turns and of those with long ones.
    pub(in super::super) fn waiting(&self) -> (usize, usize) {
        (self.short.len(), self.long.len())
    }

    /// Whether nobody waits.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.waiting() == (0, 0)
    }

    /// The next of those with short turns.
    pub(in super::super) fn next_short(&mut self) -> Option<u32> {
        self.short.pop_front()
    }

    /// The next of those with long ones.
    pub(in super::super) fn next_long(&mut self) -> Option<u32> {
        self.long.pop()
    }
}
