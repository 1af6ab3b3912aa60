//! Assembly of one message from its frames and their pieces, RFC 6455 §5.4.

use super::super::error::Violation;
use super::super::event::Payload;
use super::super::frame::header::Header;
use super::super::frame::mask::{append_payload, apply_mask};
use super::super::frame::opcode::Opcode;
use super::super::limits::Limits;
use super::super::memory::Memory;
use super::utf8::Utf8Validator;

/// A message that came whole.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    Text(Payload<'a>),
    Binary(Payload<'a>),
    /// A text or binary message as permessage-deflate compressed it.
    Compressed(Opcode, Payload<'a>),
}

/// Bytes of room that are made ahead for each byte of a message that has come, if its frame says that they are
/// to come. What a frame says allocates nothing by itself, and what comes in several reads is rarely moved.
const AHEAD: usize = 4;

/// Who sees to it that a text message is UTF-8.
#[derive(Debug)]
enum Text {
    Checked(Utf8Validator),
    /// Nobody.
    Trusted,
}

/// A message that has begun.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    /// `None` for a binary message, and for a compressed one.
    text: Option<Text>,
    /// What the message is, if it is compressed.
    compressed: Option<Opcode>,
    /// Grows with what has arrived, never by what was declared alone.
    bytes: Vec<u8>,
    /// What `bytes` grows by, once there are many.
    memory: Memory,
    /// Bytes declared by the headers so far, within the limit.
    declared: u64,
    fragments: u32,
    empty_fragments: u32,
}

impl Assembly {
    /// Begins a message, by the opcode of its first frame and whether that says it is compressed.
    pub(crate) fn new(opcode: Opcode, compressed: bool, memory: Memory) -> Self {
        Self {
            text: (opcode == Opcode::Text && !compressed)
                .then(|| Text::Checked(Utf8Validator::default())),
            compressed: compressed.then_some(opcode),
            memory,
            ..Self::default()
        }
    }

    /// If it is text, nobody looks whether that is UTF-8.
    pub(crate) fn trust(&mut self) {
        self.text = self.text.take().map(|_| Text::Trusted);
    }

    /// Counts a frame of the message against the limits, before any of its payload is looked at.
    pub(crate) fn declare(&mut self, header: &Header, limits: &Limits) -> Result<(), Violation> {
        limits.check_frame(self.declared, header, self.compressed.is_some())?;
        self.declared += header.length;
        if header.fin && header.opcode != Opcode::Continuation {
            return Ok(()); // Not fragmented, only cut by the transport.
        }
        self.fragments += 1;
        if self.fragments > limits.max_fragments {
            return Err(Violation::TooManyFragments {
                limit: limits.max_fragments,
            });
        }
        if header.length == 0 {
            self.empty_fragments += 1;
            if self.empty_fragments > limits.max_empty_fragments {
                return Err(Violation::TooManyEmptyFragments {
                    limit: limits.max_empty_fragments,
                });
            }
        }
        Ok(())
    }

    /// Takes the next piece of the payload, masked with `key`. Its frame had `received` bytes before, and
    /// `rest` are to come.
    pub(crate) fn append(
        &mut self,
        piece: &[u8],
        key: Option<[u8; 4]>,
        received: u64,
        rest: u64,
    ) -> Result<(), Violation> {
        if rest > 0 && self.bytes.capacity() - self.bytes.len() < piece.len() {
            self.reserve(piece.len(), rest);
        }
        append_payload(&mut self.bytes, piece, key, received as usize);
        self.validate(piece.len())
    }

    /// Makes room for `piece` bytes that have come, and for some of the `rest` that follows them.
    fn reserve(&mut self, piece: usize, rest: u64) {
        let arrived = self.bytes.len() + piece;
        let ahead = rest.min(arrived.saturating_mul(AHEAD) as u64) as usize;
        if let Some(mut memory) = self.memory.take(arrived + ahead) {
            memory.extend_from_slice(&self.bytes);
            self.memory.keep(std::mem::replace(&mut self.bytes, memory));
        } else {
            self.bytes.reserve(piece + ahead);
        }
    }

    /// The memory of the message, and how many of the `rest` bytes of its frame may be appended to it
    /// now: at least `least`, as the caller knows that these are to come. `None` if too little of the
    /// message has come to make room for them: nothing is allocated by what is declared alone.
    pub(crate) fn room(&mut self, rest: u64, least: usize) -> Option<(&mut Vec<u8>, usize)> {
        if self.bytes.capacity() - self.bytes.len() < least {
            if self.bytes.len().saturating_mul(AHEAD) < least {
                return None;
            }
            self.reserve(0, rest);
        }
        let spare = self.bytes.capacity() - self.bytes.len();
        Some((&mut self.bytes, rest.min(spare as u64) as usize))
    }

    /// The last `length` bytes of the message were appended through [`room`](Self::room), masked with
    /// `key`; its frame had `received` before.
    pub(crate) fn appended(
        &mut self,
        length: usize,
        key: Option<[u8; 4]>,
        received: u64,
    ) -> Result<(), Violation> {
        let start = self.bytes.len() - length;
        let piece = &mut self.bytes[start..];
        if let Some(key) = key {
            // Only the lowest two bits of the offset count.
            apply_mask(piece, key, received as usize);
        }
        self.validate(length)
    }

    /// Looks at the last `length` bytes, which have just come.
    fn validate(&mut self, length: usize) -> Result<(), Violation> {
        match &mut self.text {
            Some(Text::Checked(text)) => text.push(&self.bytes[self.bytes.len() - length..]),
            Some(Text::Trusted) | None => Ok(()),
        }
    }

    /// Bytes of memory that the payload so far occupies.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Ends the message.
    pub(crate) fn finish(self) -> Result<Message<'static>, Violation> {
        let payload = Payload::Owned(self.bytes);
        if let Some(opcode) = self.compressed {
            return Ok(Message::Compressed(opcode, payload));
        }
        match self.text {
            Some(Text::Checked(text)) => {
                text.finish()?;
                Ok(Message::Text(payload))
            }
            Some(Text::Trusted) => Ok(Message::Text(payload)),
            None => Ok(Message::Binary(payload)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::protocol::memory::{LARGE, MemorySource};

    fn assembly(opcode: Opcode) -> Assembly {
        Assembly::new(opcode, false, Memory::default())
    }

    fn frame(opcode: Opcode, fin: bool, length: usize) -> Header {
        Header {
            fin,
            ..Header::message(opcode, length, None)
        }
    }

    #[test]
    fn a_code_point_may_be_cut_between_fragments() {
        let mut message = assembly(Opcode::Text);
        message.append(&[b'a', 0xe2, 0x82], None, 0, 0).unwrap();
        message.append(&[0xac], None, 0, 0).unwrap();
        let Ok(Message::Text(payload)) = message.finish() else {
            panic!("not a text message");
        };
        assert_eq!(&*payload, "a€".as_bytes());
    }

    #[test]
    fn a_text_that_ends_within_a_code_point_fails() {
        let mut message = assembly(Opcode::Text);
        message.append(&[0xe2, 0x82], None, 0, 0).unwrap();
        assert_eq!(message.finish().unwrap_err(), Violation::InvalidUtf8);
    }

    #[test]
    fn a_binary_message_need_not_be_utf8() {
        let mut message = assembly(Opcode::Binary);
        message.append(&[0xff], None, 0, 0).unwrap();
        assert!(matches!(message.finish(), Ok(Message::Binary(_))));
    }

    #[test]
    fn room_is_made_for_what_is_to_come_by_what_has_come() {
        let mut message = assembly(Opcode::Binary);
        message.append(&[0; 1_000], None, 0, 1_500).unwrap();
        assert_eq!(message.capacity(), 2_500);
        let mut message = assembly(Opcode::Binary);
        message.append(&[0; 1_000], None, 0, u64::MAX >> 1).unwrap();
        assert_eq!(message.capacity(), 5_000);
        message.append(&[0; 5_000], None, 0, 0).unwrap();
        assert!(message.capacity() < 12_000);
    }

    #[test]
    fn a_large_message_takes_the_memory_that_its_source_has() {
        #[derive(Debug)]
        struct Spare(Mutex<Vec<Vec<u8>>>);

        impl MemorySource for Spare {
            fn take(&self, length: usize) -> Option<Vec<u8>> {
                assert!(length >= LARGE);
                self.0.lock().unwrap().pop()
            }

            fn keep(&self, memory: Vec<u8>) {
                self.0.lock().unwrap().push(memory);
            }
        }

        static SPARE: Spare = Spare(Mutex::new(Vec::new()));
        SPARE.keep(Vec::with_capacity(5 * LARGE));
        let mut message = Assembly::new(Opcode::Binary, false, Memory::of(&SPARE));
        message.append(&[1; 100], None, 0, 1).unwrap();
        assert_eq!(message.capacity(), 101);
        message.append(&[1; LARGE], None, 100, 1).unwrap();
        assert_eq!(message.capacity(), 5 * LARGE);
        let Ok(Message::Binary(payload)) = message.finish() else {
            panic!("not a binary message");
        };
        assert_eq!(&*payload, [1; 100 + LARGE]);
        assert_eq!(SPARE.0.lock().unwrap()[0].capacity(), 101);
    }

    #[test]
    fn fragments_are_counted_and_the_empty_ones_apart() {
        let limits = Limits {
            max_payload: 10,
            max_fragments: 4,
            max_empty_fragments: 2,
            ..Limits::default()
        };
        let first = frame(Opcode::Binary, false, 1);
        let more = frame(Opcode::Continuation, false, 1);
        let empty = frame(Opcode::Continuation, false, 0);

        let mut message = assembly(Opcode::Binary);
        for header in [first, more, more, more] {
            assert_eq!(message.declare(&header, &limits), Ok(()));
        }
        assert_eq!(
            message.declare(&more, &limits),
            Err(Violation::TooManyFragments { limit: 4 })
        );

        let mut message = assembly(Opcode::Binary);
        for header in [first, empty, empty] {
            assert_eq!(message.declare(&header, &limits), Ok(()));
        }
        assert_eq!(
            message.declare(&empty, &limits),
            Err(Violation::TooManyEmptyFragments { limit: 2 })
        );
    }

    #[test]
    fn the_length_of_all_fragments_is_limited() {
        let limits = Limits {
            max_payload: 10,
            ..Limits::default()
        };
        let mut message = assembly(Opcode::Binary);
        let first = frame(Opcode::Binary, false, 6);
        assert_eq!(message.declare(&first, &limits), Ok(()));
        assert_eq!(
            message.declare(&frame(Opcode::Continuation, true, 5), &limits),
            Err(Violation::MessageTooLarge { limit: 10 })
        );
    }

    #[test]
    fn a_message_in_one_frame_is_not_a_fragment() {
        let limits = Limits {
            max_fragments: 0,
            max_empty_fragments: 0,
            ..Limits::default()
        };
        let mut message = assembly(Opcode::Text);
        let whole = frame(Opcode::Text, true, 0);
        assert_eq!(message.declare(&whole, &limits), Ok(()));
    }
}
