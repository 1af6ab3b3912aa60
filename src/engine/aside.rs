//! Records of connections that are paused: they stay bytes, and have their turn once the connection goes on.
//!
//! As values of JavaScript they would take ten times as much memory, and what was reported before the shard heard of
//! the pause may be many of them.

use std::collections::{HashMap, VecDeque};

use super::batch::Batch;

/// What an env keeps of one connection.
#[derive(Default)]
struct Kept {
    is_paused: bool,
    /// It stands in the row.
    has_turn: bool,
    batch: Batch,
    /// Those before this are delivered.
    next: usize,
}

impl Kept {
    fn is_empty(&self) -> bool {
        self.next == self.batch.records.len()
    }
}

/// How the turn of a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// It has another one, or is paused again.
    Waits,
    /// Nothing is left: it may be read on.
    Done,
}

/// What an env keeps of its paused connections, by their numbers.
#[derive(Default)]
pub struct Aside {
    /// Those that are paused, and those that something is left of.
    kept: HashMap<u32, Kept>,
    /// Those that have gone on, and wait for their turn.
    row: VecDeque<u32>,
}

impl Aside {
    /// Whether what comes of this connection is to be kept here.
    #[must_use]
    pub fn keeps(&self, slot: u32) -> bool {
        // Mostly there is none, and this is asked for each record.
        !self.kept.is_empty() && self.kept.contains_key(&slot)
    }

    /// Whether a connection waits for its turn.
    #[must_use]
    pub fn has_turns(&self) -> bool {
        !self.row.is_empty()
    }

    /// JavaScript hears nothing of this connection from now on.
    pub fn pause(&mut self, slot: u32) {
        self.kept.entry(slot).or_default().is_paused = true;
    }

    /// The connection goes on. True if nothing is left of it: it may be read on.
    pub fn resume(&mut self, slot: u32) -> bool {
        let Some(kept) = self.kept.get_mut(&slot) else {
            return true;
        };
        kept.is_paused = false;
        if kept.is_empty() {
            self.kept.remove(&slot);
            return true;
        }
        if !std::mem::replace(&mut kept.has_turn, true) {
            self.row.push_back(slot);
        }
        false
    }

    /// Whether JavaScript has paused this connection.
    #[must_use]
    pub fn is_paused(&self, slot: u32) -> bool {
        self.kept.get(&slot).is_some_and(|kept| kept.is_paused)
    }

    /// Keeps a record of a connection that [`keeps`](Self::keeps) has named.
    pub fn put(&mut self, batch: &mut Batch, index: usize) {
        let slot = batch.records[index].slot;
        let kept = self.kept.entry(slot).or_default();
        batch.pass(index, &mut kept.batch);
    }

    /// Whose turn it is; [`turn`](Self::turn) and [`end_turn`](Self::end_turn) follow.
    pub fn next_turn(&mut self) -> Option<u32> {
        while let Some(slot) = self.row.pop_front() {
            if let Some(kept) = self.kept.get_mut(&slot) {
                kept.has_turn = false;
                if !kept.is_paused {
                    return Some(slot);
                }
            }
        }
        None
    }

    /// What is kept of it, and where that goes on.
    pub fn turn(&mut self, slot: u32) -> Option<(&mut Batch, &mut usize)> {
        let kept = self.kept.get_mut(&slot)?;
        Some((&mut kept.batch, &mut kept.next))
    }

    /// It has had its turn, in which a listener may have paused it again.
    pub fn end_turn(&mut self, slot: u32) -> Turned {
        match self.is_paused(slot) || !self.resume(slot) {
            true => Turned::Waits,
            false => Turned::Done,
        }
    }

    /// The connection is over, and JavaScript knows.
    pub fn forget(&mut self, slot: u32) {
        self.kept.remove(&slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::batch::{Body, Kind};
    use crate::protocol::Payload;

    /// A batch with these messages, each of a connection.
    fn batch(messages: &[(u32, &[u8])]) -> Batch {
        let mut batch = Batch::default();
        for (slot, message) in messages {
            batch.push_bytes(Kind::Binary, *slot, Payload::Borrowed(message));
        }
        batch
    }

    fn put_all(aside: &mut Aside, mut batch: Batch) {
        for index in 0..batch.records.len() {
            aside.put(&mut batch, index);
        }
    }

    /// One turn, in which at most `most` records are delivered: whose it was, and what they carried.
    fn turn(aside: &mut Aside, most: usize) -> Option<(u32, Vec<Vec<u8>>, Turned)> {
        let slot = aside.next_turn()?;
        let (batch, next) = aside.turn(slot).expect("something is left of it");
        let last = batch.records.len().min(*next + most);
        let heard = batch.records[*next..last].iter().map(|r| match &r.body {
            Body::Bytes { start, length } => batch.bytes[*start..start + length].to_vec(),
            other => panic!("{other:?}"),
        });
        let heard = heard.collect();
        *next = last;
        Some((slot, heard, aside.end_turn(slot)))
    }

    #[test]
    fn what_is_kept_comes_in_order_and_connection_by_connection() {
        let mut aside = Aside::default();
        aside.pause(1);
        aside.pause(2);
        put_all(
            &mut aside,
            batch(&[(1, b"a"), (2, b"b"), (1, b"c"), (1, b"d")]),
        );
        assert!(!aside.has_turns());
        assert!(!aside.resume(1));
        assert!(!aside.resume(2));
        assert_eq!(
            turn(&mut aside, 1),
            Some((1, vec![b"a".to_vec()], Turned::Waits))
        );
        // What comes meanwhile comes last.
        assert!(aside.keeps(1));
        put_all(&mut aside, batch(&[(1, b"e")]));
        assert_eq!(
            turn(&mut aside, 1),
            Some((2, vec![b"b".to_vec()], Turned::Done))
        );
        let rest = [b"c", b"d", b"e"].map(|m| m.to_vec()).to_vec();
        assert_eq!(turn(&mut aside, 9), Some((1, rest, Turned::Done)));
        assert_eq!(turn(&mut aside, 9), None);
        assert!(aside.kept.is_empty());
    }

    #[test]
    fn a_connection_that_is_paused_again_keeps_the_rest_and_has_one_turn_later() {
        let mut aside = Aside::default();
        aside.pause(1);
        put_all(&mut aside, batch(&[(1, b"a"), (1, b"b")]));
        assert!(!aside.resume(1));
        aside.pause(1);
        assert_eq!(turn(&mut aside, 1), None, "it is paused");
        assert!(!aside.resume(1));
        assert!(!aside.resume(1));
        let slot = aside.next_turn().expect("it has a turn");
        *aside.turn(slot).expect("something is left of it").1 += 1;
        aside.pause(1);
        assert_eq!(aside.end_turn(slot), Turned::Waits);
        assert!(!aside.has_turns());
        assert!(!aside.resume(1));
        assert_eq!(
            turn(&mut aside, 9),
            Some((1, vec![b"b".to_vec()], Turned::Done))
        );
    }

    #[test]
    fn nothing_is_kept_of_who_goes_on_or_is_over() {
        let mut aside = Aside::default();
        aside.pause(1);
        assert!(aside.resume(1));
        assert!(!aside.keeps(1));
        aside.pause(1);
        put_all(&mut aside, batch(&[(1, b"a")]));
        assert!(!aside.resume(1));
        aside.forget(1);
        assert_eq!(turn(&mut aside, 9), None);
        assert!(aside.resume(1), "the number is another's");
    }
}
