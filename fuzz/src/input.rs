//! Settings and cuts, taken off the front of an input.

/// What is left of an input. Where nothing is, zeros are taken.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_off_first() {
            Some(byte) => *byte,
            None => 0,
        }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    pub(crate) fn cuts(&mut self) -> Cuts {
        Cuts(std::array::from_fn(|_| self.byte()))
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Lengths of pieces, less one, taken in turn.
#[derive(Clone, Copy)]
pub(crate) struct Cuts([u8; 3]);

impl Cuts {
    /// The pieces of `stream`.
    pub(crate) fn of(self, mut stream: &[u8]) -> impl Iterator<Item = &[u8]> {
        let mut lengths = self.0.into_iter().cycle();
        std::iter::from_fn(move || {
            let length = usize::from(lengths.next()?) + 1;
            let (piece, rest) = stream.split_at(length.min(stream.len()));
            stream = rest;
            (!piece.is_empty()).then_some(piece)
        })
    }
}
