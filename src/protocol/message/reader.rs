//! From bytes to messages and control frames, however the transport cut them.

use std::mem;

use super::super::config::Config;
use super::super::error::Violation;
use super::super::event::Payload;
use super::super::frame::header::{Header, MAX_HEADER_LENGTH, Reserved};
use super::super::frame::mask::{append_payload, apply_mask};
use super::super::frame::opcode::Opcode;
use super::super::limits::Limits;
use super::super::role::Role;
use super::assembly::{Assembly, Message};
use super::utf8::is_valid_utf8;

/// What came whole.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    Message(Message<'a>),
    Control(Opcode, Payload<'a>),
}

/// Reads frames. What lies whole in the input is reported from there; only what is cut is copied.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// `None` between messages, so that an idle connection holds no memory for it.
    partial: Option<Box<Partial>>,
    /// Set once we have sent our close frame: data frames are skipped from then on.
    discarding: bool,
}

/// What has come in part.
#[derive(Debug, Default)]
struct Partial {
    stage: Stage,
    /// Reads that have brought a part of the payload that is under way.
    chunks: u32,
    /// Payload of a control frame; it may come between the fragments of `message`.
    control: Vec<u8>,
    /// `None` while a data frame is under way means that its payload is skipped.
    message: Option<Assembly>,
}

/// The place in a frame at which the last read ended.
#[derive(Debug)]
enum Stage {
    /// In the header, of which this many bytes have come; 0 between frames.
    Header([u8; MAX_HEADER_LENGTH], usize),
    /// In the payload, of which this many bytes have come.
    Payload(Header, u64),
}

/// The next byte begins a frame.
const BETWEEN_FRAMES: Stage = Stage::Header([0; MAX_HEADER_LENGTH], 0);

impl Default for Stage {
    fn default() -> Self {
        BETWEEN_FRAMES
    }
}

impl Reader {
    /// Reads the next item from `input`, which loses the bytes that were read; what lies in it whole is
    /// unmasked in place. `None` if what has come is not whole yet; the rest of `input`, if any, is another
    /// frame's.
    #[inline]
    pub(crate) fn read<'a>(
        &mut self,
        input: &mut &'a mut [u8],
        config: &Config,
    ) -> Result<Option<Item<'a>>, Violation> {
        if let Some(partial) = self.partial.as_deref_mut().filter(|_| !self.discarding) {
            partial.count_chunk(&config.limits)?;
        }
        let item = self.read_frame(input, config)?;
        if self.partial.as_ref().is_some_and(|p| p.is_idle()) {
            self.partial = None;
        }
        Ok(item)
    }

    /// The memory of a message that is under way, and how many bytes of its frame may be appended to it,
    /// as they come. `None` if less than `least` of the frame is to come.
    pub(crate) fn room(&mut self, least: usize) -> Option<(&mut Vec<u8>, usize)> {
        let partial = self.partial.as_deref_mut()?;
        let Stage::Payload(header, received) = &partial.stage else {
            return None;
        };
        let rest = header.length - received;
        if header.opcode.is_control() || rest < least as u64 {
            return None;
        }
        partial.message.as_mut()?.room(rest, least)
    }

    /// `length` bytes were appended through [`room`](Self::room).
    pub(crate) fn appended(
        &mut self,
        length: usize,
        config: &Config,
    ) -> Result<Option<Item<'static>>, Violation> {
        let Some(partial) = self.partial.as_deref_mut() else {
            return Ok(None);
        };
        partial.count_chunk(&config.limits)?;
        let (Stage::Payload(header, received), Some(message)) =
            (&partial.stage, &mut partial.message)
        else {
            return Ok(None);
        };
        let (header, received) = (*header, *received);
        message.appended(length, header.mask, received)?;
        let item = partial.advance(header, received + length as u64)?;
        if partial.is_idle() {
            self.partial = None;
        }
        Ok(item)
    }

    /// From now on reads frames only to find the peer's close frame: what came of a message is
    /// dropped, and no limit holds for what is not kept.
    pub(crate) fn discard_messages(&mut self) {
        self.discarding = true;
        if let Some(partial) = &mut self.partial {
            partial.message = None;
        }
    }

    /// As [`read`](Self::read), of which this is the greater part: what is under way may be left empty.
    #[inline]
    fn read_frame<'a>(
        &mut self,
        input: &mut &'a mut [u8],
        config: &Config,
    ) -> Result<Option<Item<'a>>, Violation> {
        let reserved = match config.deflate {
            Some(_) => Reserved::Compression,
            None => Reserved::None,
        };
        let header = match &mut self.partial {
            Some(partial) => match &mut partial.stage {
                Stage::Payload(header, received) => {
                    let (header, received) = (*header, *received);
                    return partial.read_payload(header, received, input);
                }
                Stage::Header(bytes, length) if *length > 0 => {
                    complete_header(bytes, length, input, reserved)?
                }
                Stage::Header(..) => self.parse_header(input, reserved)?,
            },
            None => self.parse_header(input, reserved)?,
        };
        match header {
            Some(header) => self.begin_payload(header, input, config),
            None => Ok(None),
        }
    }

    /// Reads a header that `input` begins with, and keeps what has come of it if it is cut.
    #[inline]
    fn parse_header(
        &mut self,
        input: &mut &mut [u8],
        reserved: Reserved,
    ) -> Result<Option<Header>, Violation> {
        if let Some((header, length)) = Header::parse(input, reserved)? {
            take(input, length);
            return Ok(Some(header));
        }
        let mut bytes = [0; MAX_HEADER_LENGTH];
        let piece = take(input, input.len());
        bytes[..piece.len()].copy_from_slice(piece);
        self.partial.get_or_insert_default().stage = Stage::Header(bytes, piece.len());
        Ok(None)
    }

    /// Handles a frame whose header has come whole; `input` begins with its payload.
    #[inline]
    fn begin_payload<'a>(
        &mut self,
        header: Header,
        input: &mut &'a mut [u8],
        config: &Config,
    ) -> Result<Option<Item<'a>>, Violation> {
        check_masking(&header, config)?;
        let is_whole = header.length <= input.len() as u64;
        if header.opcode.is_control() {
            if is_whole {
                let payload = Payload::Borrowed(take_payload(input, &header));
                return Ok(Some(Item::Control(header.opcode, payload)));
            }
        } else if !self.discarding {
            let message = self.partial.as_mut().and_then(|p| p.message.as_mut());
            match (header.opcode, message) {
                (Opcode::Continuation, None) => return Err(Violation::UnexpectedContinuation),
                (Opcode::Continuation, Some(message)) => {
                    message.declare(&header, &config.limits)?
                }
                (_, Some(_)) => return Err(Violation::ExpectedContinuation),
                (opcode, None) if header.fin && is_whole => {
                    config.limits.check_frame(0, &header, header.rsv1)?;
                    let payload = Payload::Borrowed(take_payload(input, &header));
                    if header.rsv1 {
                        let message = Message::Compressed(opcode, payload);
                        return Ok(Some(Item::Message(message)));
                    }
                    return whole_message(opcode, payload, config).map(Some);
                }
                (opcode, None) => {
                    let mut message = Assembly::new(opcode, header.rsv1, config.memory);
                    if !config.manner.validates_utf8 {
                        message.trust();
                    }
                    message.declare(&header, &config.limits)?;
                    self.partial.get_or_insert_default().message = Some(message);
                }
            }
        }
        let partial = self.partial.get_or_insert_default();
        partial.read_payload(header, 0, input)
    }
}

impl Partial {
    /// Whether nothing is under way, neither a frame nor a message.
    fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Header(_, 0)) && self.message.is_none()
    }

    /// More has come: if a payload is under way, the read before this one has brought a part of it.
    fn count_chunk(&mut self, limits: &Limits) -> Result<(), Violation> {
        if matches!(self.stage, Stage::Header(..)) {
            return Ok(());
        }
        self.chunks = self.chunks.saturating_add(1);
        match limits.max_chunks {
            Some(limit) if self.chunks >= limit => Err(Violation::TooManyChunks { limit }),
            _ => Ok(()),
        }
    }

    /// Takes what `input` holds of a payload, of which `received` bytes came before.
    fn read_payload<'a>(
        &mut self,
        header: Header,
        received: u64,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Item<'a>>, Violation> {
        // The smaller of the two fits in `usize`, because `input` does.
        let length = (header.length - received).min(input.len() as u64) as usize;
        let piece = take(input, length);
        let whole = received + length as u64;
        if header.opcode.is_control() {
            append_payload(&mut self.control, piece, header.mask, received as usize);
        } else if let Some(message) = &mut self.message {
            message.append(piece, header.mask, received, header.length - whole)?;
        }
        self.advance(header, whole)
    }

    /// Of a frame's payload `received` bytes have come, and are kept.
    fn advance<'a>(
        &mut self,
        header: Header,
        received: u64,
    ) -> Result<Option<Item<'a>>, Violation> {
        if received < header.length {
            self.stage = Stage::Payload(header, received);
            return Ok(None);
        }

        self.stage = BETWEEN_FRAMES;
        self.chunks = 0;
        if header.opcode.is_control() {
            let payload = Payload::Owned(mem::take(&mut self.control));
            return Ok(Some(Item::Control(header.opcode, payload)));
        }
        if !header.fin {
            return Ok(None);
        }
        let message = self.message.take().map(Assembly::finish).transpose()?;
        Ok(message.map(Item::Message))
    }
}

/// Whether the frame is masked as its sender's role demands (RFC 6455 §5.1).
#[inline]
fn check_masking(header: &Header, config: &Config) -> Result<(), Violation> {
    match (config.role, header.mask) {
        (Role::Server, None) if config.enforce_masking => Err(Violation::UnmaskedFrame),
        (Role::Client, Some(_)) if config.enforce_masking => Err(Violation::MaskedFrame),
        _ => Ok(()),
    }
}

/// Adds bytes of `input` to the `length` that came before, until they are a whole header.
fn complete_header(
    bytes: &mut [u8; MAX_HEADER_LENGTH],
    length: &mut usize,
    input: &mut &mut [u8],
    reserved: Reserved,
) -> Result<Option<Header>, Violation> {
    let had = *length;
    let added = input.len().min(MAX_HEADER_LENGTH - had);
    bytes[had..had + added].copy_from_slice(&input[..added]);
    match Header::parse(&bytes[..had + added], reserved)? {
        Some((header, whole)) => {
            take(input, whole - had);
            *length = 0;
            Ok(Some(header))
        }
        None => {
            *length += added;
            take(input, added);
            Ok(None)
        }
    }
}

/// A message that lies whole in the input, in one frame.
#[inline]
fn whole_message<'a>(
    opcode: Opcode,
    payload: Payload<'a>,
    config: &Config,
) -> Result<Item<'a>, Violation> {
    if opcode != Opcode::Text {
        return Ok(Item::Message(Message::Binary(payload)));
    }
    if config.manner.validates_utf8 && !is_valid_utf8(&payload) {
        return Err(Violation::InvalidUtf8);
    }
    Ok(Item::Message(Message::Text(payload)))
}

/// Takes a whole payload from `input`, unmasked.
#[inline]
fn take_payload<'a>(input: &mut &'a mut [u8], header: &Header) -> &'a mut [u8] {
    let payload = take(input, header.length as usize);
    if let Some(key) = header.mask {
        apply_mask(payload, key, 0);
    }
    payload
}

/// Takes the first `length` bytes from `input`.
#[inline]
fn take<'a>(input: &mut &'a mut [u8], length: usize) -> &'a mut [u8] {
    let (taken, rest) = mem::take(input).split_at_mut(length);
    *input = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::frame::encode::encode_frame;

    fn read(reader: &mut Reader, mut bytes: Vec<u8>) -> usize {
        let config = Config::new(Role::Client);
        let mut input = &mut bytes[..];
        let mut items = 0;
        while !input.is_empty() {
            items += usize::from(reader.read(&mut input, &config).unwrap().is_some());
        }
        items
    }

    fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode_frame(&mut out, opcode, payload, None);
        out
    }

    #[test]
    fn nothing_is_held_between_messages() {
        let first = [&[0x01], &frame(Opcode::Text, b"first")[1..]].concat();
        let stream = [
            frame(Opcode::Text, b"whole"),
            first,
            frame(Opcode::Ping, b"ping"),
            frame(Opcode::Continuation, b"last"),
            frame(Opcode::Ping, b"ping"),
        ]
        .concat();
        let (whole, with_fragments) = (7, 7 + 7 + 6 + 6);
        for cut in 0..=stream.len() {
            let mut reader = Reader::default();
            let before = read(&mut reader, stream[..cut].to_vec());
            let between = [0, whole, with_fragments, stream.len()].contains(&cut);
            assert_eq!(reader.partial.is_none(), between, "cut at {cut}");
            let after = read(&mut reader, stream[cut..].to_vec());
            assert_eq!(before + after, 4);
            assert!(reader.partial.is_none());
        }
    }

    #[test]
    fn nothing_is_allocated_from_a_declared_length() {
        let mut reader = Reader::default();
        let header = [0x82, 127, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff];
        read(&mut reader, [&header[..], &[7; 100]].concat());
        let message = reader.partial.unwrap().message.unwrap();
        assert!(message.capacity() < 1_000, "{} bytes", message.capacity());
    }

    #[test]
    fn messages_are_not_kept_once_they_are_discarded() {
        let mut reader = Reader::default();
        read(&mut reader, vec![0x01, 100, b'a']);
        reader.discard_messages();
        assert!(reader.partial.as_ref().unwrap().message.is_none());
        // The rest of that frame, which is no UTF-8, and fragments that begin nothing.
        read(&mut reader, vec![0xff; 99]);
        assert!(reader.partial.is_none());
        assert_eq!(read(&mut reader, frame(Opcode::Continuation, b"x")), 0);
        assert_eq!(read(&mut reader, frame(Opcode::Text, &[0xff])), 0);
        assert_eq!(read(&mut reader, frame(Opcode::Close, b"")), 1);
    }
}
