//! Frames of one connection that wait to be written, in order.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use super::socket::MAX_PIECES;

/// Frames at most this long are copied one after the other; longer ones are kept by reference.
pub(in super::super) const COPY_LIMIT: usize = 1024;
/// They make a chunk of about this size: what waits is never moved to grow, and its memory is given
/// back as it is written.
const CHUNK: usize = 64 * 1024;
/// Most memory that is made at once for the first of them.
const FIRST: usize = 4 * 1024;

/// Encoded bytes in the order in which they leave: `chunks`, then `tail`.
#[derive(Default)]
pub(super) struct Outbox {
    chunks: VecDeque<Bytes>,
    tail: Vec<u8>,
    /// What the last tail came to, up to [`FIRST`]: so much memory is made for the next at once.
    room: usize,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.tail.is_empty()
    }

    /// Where small frames are encoded in place.
    pub(super) fn tail(&mut self) -> &mut Vec<u8> {
        if self.tail.len() + COPY_LIMIT > CHUNK {
            self.seal();
        }
        if self.tail.capacity() == 0 {
            self.tail.reserve(self.room);
        }
        &mut self.tail
    }

    /// Takes all of it, to be written.
    pub(super) fn take(&mut self) -> Self {
        let empty = Self {
            room: self.tail.len().min(FIRST),
            ..Self::default()
        };
        std::mem::replace(self, empty)
    }

    /// Appends an encoded frame that others may hold too.
    pub(super) fn push(&mut self, frame: &Bytes) {
        if frame.len() <= COPY_LIMIT {
            self.tail().extend_from_slice(frame);
        } else {
            self.seal();
            self.chunks.push_back(frame.clone());
        }
    }

    /// Appends an encoded frame that nobody else holds.
    pub(super) fn push_owned(&mut self, frame: Vec<u8>) {
        if frame.len() <= COPY_LIMIT {
            self.tail().extend_from_slice(&frame);
        } else {
            self.seal();
            self.chunks.push_back(Bytes::from(frame));
        }
    }

    fn seal(&mut self) {
        if !self.tail.is_empty() {
            self.chunks
                .push_back(Bytes::from(std::mem::take(&mut self.tail)));
        }
    }

    /// Puts `unwritten`, taken from this outbox before, in front of what was appended since.
    pub(super) fn restore(&mut self, mut unwritten: Outbox) {
        if unwritten.is_empty() {
            return;
        }
        if self.chunks.is_empty() && unwritten.tail.len() + self.tail.len() <= CHUNK {
            // An attempt to write makes no chunk of a few small frames: each costs more than they do.
            unwritten.tail.append(&mut self.tail);
        } else {
            unwritten.seal();
            unwritten.chunks.append(&mut self.chunks);
            unwritten.tail = std::mem::take(&mut self.tail);
        }
        *self = unwritten;
    }

    /// The next pieces for one `writev`, as many as `into` holds.
    pub(super) fn pieces<'a>(&'a self, into: &mut [IoSlice<'a>; MAX_PIECES]) -> usize {
        let tail = (!self.tail.is_empty()).then_some(&self.tail[..]);
        let all = self.chunks.iter().map(|chunk| &chunk[..]).chain(tail);
        let mut count = 0;
        for (slot, piece) in into.iter_mut().zip(all) {
            *slot = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    /// All of it, if it is in one piece. Otherwise nothing.
    pub(super) fn only_piece(&self) -> &[u8] {
        match (self.chunks.len(), self.tail.is_empty()) {
            (0, _) => &self.tail,
            (1, true) => &self.chunks[0],
            _ => &[],
        }
    }

    /// Drops the first `written` bytes.
    pub(super) fn advance(&mut self, mut written: usize) {
        while written > 0 {
            let Some(chunk) = self.chunks.front_mut() else {
                if written == self.tail.len() {
                    self.tail.clear();
                } else {
                    // The rest becomes a chunk, so that it is not moved again at each write.
                    self.seal();
                    self.advance(written);
                }
                return;
            };
            let step = written.min(chunk.len());
            chunk.advance(step);
            written -= step;
            if chunk.is_empty() {
                self.chunks.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(outbox: &Outbox) -> Vec<u8> {
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
        let count = outbox.pieces(&mut pieces);
        pieces[..count].iter().flat_map(|p| p.to_vec()).collect()
    }

    #[test]
    fn order_is_kept_between_small_and_large() {
        let mut outbox = Outbox::default();
        outbox.push(&Bytes::from_static(b"a"));
        outbox.push(&Bytes::from(vec![b'b'; COPY_LIMIT + 1]));
        outbox.push_owned(b"c".to_vec());
        outbox.push_owned(vec![b'd'; COPY_LIMIT + 1]);
        outbox.tail().extend_from_slice(b"e");
        let mut expected = b"a".to_vec();
        expected.extend(vec![b'b'; COPY_LIMIT + 1]);
        expected.push(b'c');
        expected.extend(vec![b'd'; COPY_LIMIT + 1]);
        expected.push(b'e');
        assert_eq!(contents(&outbox), expected);
    }

    #[test]
    fn small_frames_make_no_chunk_for_each_attempt_to_write_them() {
        let mut outbox = Outbox::default();
        let mut expected = Vec::new();
        for number in 0..10_000_u32 {
            let unwritten = std::mem::take(&mut outbox);
            outbox.push_owned(number.to_be_bytes().to_vec());
            expected.extend(number.to_be_bytes());
            outbox.restore(unwritten);
        }
        assert_eq!(contents(&outbox), expected);
        assert!(outbox.chunks.is_empty());
    }

    #[test]
    fn advance_stops_anywhere() {
        let mut whole = Outbox::default();
        whole.push_owned(vec![1; COPY_LIMIT + 1]);
        whole.push_owned(vec![2; 5]);
        let total = contents(&whole);
        for first in 0..=total.len() {
            let mut outbox = Outbox::default();
            outbox.push_owned(vec![1; COPY_LIMIT + 1]);
            outbox.push_owned(vec![2; 5]);
            outbox.advance(first);
            assert_eq!(contents(&outbox), total[first..]);
            assert_eq!(outbox.is_empty(), first == total.len());
        }
    }

    #[test]
    fn small_frames_make_chunks_that_stay_where_they_are() {
        let mut outbox = Outbox::default();
        for n in 0..1000 {
            outbox.push_owned(vec![(n % 251) as u8; 1000]);
        }
        let sizes: Vec<usize> = outbox.chunks.iter().map(Bytes::len).collect();
        assert!(
            sizes
                .iter()
                .all(|size| (CHUNK - 2000..=CHUNK).contains(size))
        );
        assert!(outbox.tail.capacity() <= CHUNK);
        let expected = (0..1000).flat_map(|n| vec![(n % 251) as u8; 1000]);
        assert!(contents(&outbox).into_iter().eq(expected));
    }

    #[test]
    fn what_was_not_written_goes_before_what_was_appended_since() {
        let mut outbox = Outbox::default();
        outbox.push_owned(b"first".to_vec());
        let mut taken = std::mem::take(&mut outbox);
        outbox.push_owned(b"second".to_vec());
        taken.advance(2);
        outbox.restore(taken);
        assert_eq!(contents(&outbox), b"rstsecond");
    }
}
