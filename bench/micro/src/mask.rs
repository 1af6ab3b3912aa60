//! Masking, in place. tungstenite's is private, and the same code as that of fastwebsockets.

use std::hint::black_box;

use crate::{Case, KEY, Library, SIZES, payload};

/// Adds the cases.
pub fn add(cases: &mut Vec<Case>) {
    for size in SIZES {
        let mut ours = Payload::new(size);
        let mut theirs = Payload::new(size);
        cases.push(Case::new("mask", size, Library::Websockets, move || {
            websockets::protocol::apply_mask(ours.bytes(), black_box(KEY), 0);
        }));
        cases.push(Case::new(
            "mask",
            size,
            Library::Fastwebsockets,
            move || {
                fastwebsockets::unmask(theirs.bytes(), black_box(KEY));
            },
        ));
    }
}

/// A payload as far behind the beginning of a buffer, aligned to 64 bytes, as the header of a masked frame is
/// long: a library that aligns its words has to find them.
struct Payload {
    buffer: Vec<u8>,
    start: usize,
    size: usize,
}

impl Payload {
    fn new(size: usize) -> Self {
        let header = match size {
            ..126 => 6,
            126..65_536 => 8,
            _ => 14,
        };
        let mut buffer = vec![0; 64 + header + size];
        let start =
            (buffer.as_ptr() as usize).next_multiple_of(64) - buffer.as_ptr() as usize + header;
        buffer[start..start + size].copy_from_slice(payload::ascii(size));
        Self {
            buffer,
            start,
            size,
        }
    }

    #[inline]
    fn bytes(&mut self) -> &mut [u8] {
        black_box(&mut self.buffer[self.start..self.start + self.size])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_mask_alike() {
        for size in SIZES {
            let (mut ours, mut theirs) = (Payload::new(size), Payload::new(size));
            websockets::protocol::apply_mask(ours.bytes(), KEY, 0);
            fastwebsockets::unmask(theirs.bytes(), KEY);
            assert_eq!(ours.bytes(), theirs.bytes());
            assert_ne!(ours.bytes(), payload::ascii(size));
        }
    }
}
