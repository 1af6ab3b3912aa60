//! What came from the peer and waits to be taken: bytes, and what comes after them.

use std::ops::Range;

/// What comes after the bytes that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Next {
    /// More bytes, if any.
    #[default]
    Bytes,
    /// The peer's FIN.
    Fin,
    /// No more: the connection was lost.
    Loss,
}

/// Bytes in order, and the end if that has come.
#[derive(Debug, Default)]
pub(super) struct Unread {
    bytes: Vec<u8>,
    /// How many of them were taken.
    taken: usize,
    next: Next,
}

impl Unread {
    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Whether bytes wait, or the end does.
    pub(super) fn has_next(&self) -> bool {
        !self.bytes.is_empty() || self.next != Next::Bytes
    }

    /// Whether the connection was lost after the bytes that wait.
    pub(super) fn is_lost(&self) -> bool {
        self.next == Next::Loss
    }

    /// More bytes came.
    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        if self.bytes.is_empty() {
            self.bytes = bytes;
        } else {
            self.bytes.extend_from_slice(&bytes);
        }
    }

    /// No more bytes come. A loss counts for more than the peer's FIN.
    pub(super) fn end(&mut self, next: Next) {
        if self.next != Next::Loss {
            self.next = next;
        }
    }

    /// Takes the bytes out, and says which of them are next: at most `most`. [`put_back`](Self::put_back)
    /// follows. `None` if none waits.
    pub(super) fn take(&mut self, most: usize) -> Option<(Vec<u8>, Range<usize>)> {
        if self.bytes.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let end = bytes.len().min(self.taken + most);
        Some((bytes, self.taken..end))
    }

    /// Those up to `end` are done with.
    ///
    /// What was taken is dropped once it is more than what waits: each byte is moved once at most, on average, and
    /// the memory is bounded by twice what waited at a time, however much passes.
    pub(super) fn put_back(&mut self, mut bytes: Vec<u8>, end: usize) {
        if end > bytes.len() / 2 {
            bytes.drain(..end);
            self.taken = 0;
        } else {
            self.taken = end;
        }
        if !bytes.is_empty() {
            self.bytes = bytes;
        }
    }

    /// What comes once no bytes wait.
    pub(super) fn take_next(&mut self) -> Next {
        std::mem::take(&mut self.next)
    }

    /// Nothing of it is taken any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn memory_is_bounded_by_what_waits_and_not_by_what_has_passed() {
        let mut unread = Unread::default();
        unread.push(vec![1; 1_500]);
        for _ in 0..10_000 {
            unread.push(vec![2; 1_000]);
            let (bytes, range) = unread.take(1_000).expect("some wait");
            assert_eq!(range.len(), 1_000);
            unread.put_back(bytes, range.end);
        }
        assert_eq!(unread.len(), 1_500);
        assert!(
            unread.bytes.capacity() < 16_000,
            "{}",
            unread.bytes.capacity()
        );
    }

    #[test]
    fn bytes_come_out_in_order() {
        let mut unread = Unread::default();
        let mut out = Vec::new();
        for round in 0..50_u8 {
            unread.push(vec![round; 7]);
            let (bytes, range) = unread.take(5).expect("some wait");
            out.extend_from_slice(&bytes[range.clone()]);
            unread.put_back(bytes, range.end);
        }
        while let Some((bytes, range)) = unread.take(5) {
            out.extend_from_slice(&bytes[range.clone()]);
            unread.put_back(bytes, range.end);
        }
        let expected: Vec<u8> = (0..50).flat_map(|round| [round; 7]).collect();
        assert_eq!(out, expected);
        assert!(!unread.has_next());
    }
}
