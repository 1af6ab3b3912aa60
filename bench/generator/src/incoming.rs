//! Frames from the server: cut anywhere, and checked byte by byte.

use flate2::{Decompress, FlushDecompress};

use crate::Failure;
use crate::message::Messages;

/// A frame's header has at most as many bytes where it is not masked.
const HEADER: usize = 10;

/// Where a connection is in what it reads.
#[derive(Default)]
pub struct Incoming {
    header: [u8; HEADER],
    header_len: usize,
    /// The frame whose payload comes, and how many bytes of it are missing.
    frame: Option<(First, u64)>,
    /// Bytes of the message that have come.
    at: usize,
    /// Whether a message has begun and not ended.
    continued: bool,
    /// Messages that have come whole; the number of the next one.
    pub received: u32,
    /// Bytes that have come as payload of messages.
    pub bytes: u64,
    /// Whether the server has sent its close frame.
    pub closed: bool,
    /// Where messages are compressed, whoever looks into them.
    inflater: Option<Box<Inflater>>,
}

/// The first byte of a frame.
#[derive(Clone, Copy)]
struct First(u8);

impl First {
    fn fin(self) -> bool {
        self.0 & 0x80 != 0
    }
    fn opcode(self) -> u8 {
        self.0 & 15
    }
}

struct Inflater {
    decompress: Decompress,
    compressed: Vec<u8>,
    plain: Vec<u8>,
}

impl Incoming {
    /// Has compressed messages inflated and compared. It costs more than the rest of a connection, so
    /// that one connection of a run does it; the others see to it that as many messages come.
    pub fn inflate(&mut self) {
        let decompress = Decompress::new(false);
        self.inflater = Some(Box::new(Inflater {
            decompress,
            compressed: Vec::new(),
            plain: Vec::new(),
        }));
    }

    /// Takes what was read, and says how many messages ended in it.
    pub fn take(&mut self, mut bytes: &[u8], messages: &Messages) -> Result<u32, Failure> {
        let before = self.received;
        while !bytes.is_empty() || self.frame.is_some_and(|(_, left)| left == 0) {
            let Some((first, left)) = self.frame else {
                bytes = self.take_header(bytes)?;
                continue;
            };
            let (now, rest) = bytes.split_at(usize::try_from(left)?.min(bytes.len()));
            bytes = rest;
            if first.opcode() >= 8 {
                self.control(first)?;
            } else {
                self.payload(now, messages)?;
            }
            let left = left - now.len() as u64;
            self.frame = (left > 0).then_some((first, left));
            if left == 0 {
                self.header_len = 0;
                if first.opcode() < 8 {
                    self.continued = !first.fin();
                    if first.fin() {
                        self.end(messages)?;
                    }
                }
            } else {
                break;
            }
        }
        Ok(self.received - before)
    }

    fn take_header<'a>(&mut self, mut bytes: &'a [u8]) -> Result<&'a [u8], Failure> {
        loop {
            let needed = match self.header_len {
                0 | 1 => 2,
                _ => match self.header[1] {
                    126 => 4,
                    127 => 10,
                    _ => 2,
                },
            };
            if self.header_len == needed {
                break;
            }
            let Some((byte, rest)) = bytes.split_first() else {
                return Ok(bytes);
            };
            self.header[self.header_len] = *byte;
            self.header_len += 1;
            bytes = rest;
        }
        let length = match self.header[1] {
            126 => u64::from(u16::from_be_bytes([self.header[2], self.header[3]])),
            127 => u64::from_be_bytes(std::array::from_fn(|index| self.header[2 + index])),
            128.. => return Err("the server has masked a frame".into()),
            length => u64::from(length),
        };
        self.frame = Some((First(self.header[0]), length));
        Ok(bytes)
    }

    fn control(&mut self, first: First) -> Result<(), Failure> {
        match first.opcode() {
            8 => self.closed = true,
            9 | 10 => {}
            opcode => return Err(format!("a frame with opcode {opcode}").into()),
        }
        Ok(())
    }

    fn payload(&mut self, bytes: &[u8], messages: &Messages) -> Result<(), Failure> {
        if self.at == 0 {
            self.check_first(messages)?;
        }
        self.bytes += bytes.len() as u64;
        if messages.compressed {
            if let Some(inflater) = &mut self.inflater {
                inflater.compressed.extend_from_slice(bytes);
            }
        } else if !messages.matches(self.received, self.at, bytes) {
            return Err(format!(
                "message {} came back with other bytes, or out of order",
                self.received
            )
            .into());
        }
        self.at += bytes.len();
        Ok(())
    }

    /// A message is of the kind that was sent. (`header` is that of the frame that comes.)
    fn check_first(&self, messages: &Messages) -> Result<(), Failure> {
        let opcode = if self.continued {
            0
        } else if messages.text {
            1
        } else {
            2
        };
        let rsv = if messages.compressed && !self.continued {
            4
        } else {
            0
        };
        let (has_opcode, has_rsv) = (self.header[0] & 15, self.header[0] >> 4 & 7);
        if (has_opcode, has_rsv) != (opcode, rsv) {
            return Err(format!(
                "opcode {has_opcode} with RSV {has_rsv:03b}, not opcode {opcode} with {rsv:03b}"
            )
            .into());
        }
        Ok(())
    }

    fn end(&mut self, messages: &Messages) -> Result<(), Failure> {
        let plain = &messages.frame(self.received).plain;
        if let Some(inflater) = &mut self.inflater {
            if inflater.message(plain.len())? != plain {
                return Err(format!("message {} inflates to other bytes", self.received).into());
            }
        } else if !messages.compressed && self.at != plain.len() {
            return Err(
                format!("message {} came back with {} bytes", self.received, self.at).into(),
            );
        }
        self.at = 0;
        self.received += 1;
        Ok(())
    }
}

impl Inflater {
    /// Inflates what has come, in the context of what came before.
    fn message(&mut self, size: usize) -> Result<&[u8], Failure> {
        self.compressed.extend_from_slice(&[0, 0, 0xff, 0xff]);
        self.plain.clear();
        self.plain.reserve(size + 64);
        let from = self.decompress.total_in();
        while self.decompress.total_in() - from < self.compressed.len() as u64 {
            let done = (self.decompress.total_in() - from) as usize;
            if self.plain.len() == self.plain.capacity() {
                return Err("a message inflates to more bytes than were sent".into());
            }
            self.decompress.decompress_vec(
                &self.compressed[done..],
                &mut self.plain,
                FlushDecompress::Sync,
            )?;
        }
        self.compressed.clear();
        Ok(&self.plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Settings;

    fn messages(args: &str) -> Messages {
        let settings = Settings::parse(args.split_whitespace().map(String::from)).unwrap();
        Messages::new(&settings).unwrap()
    }

    /// Message `number` as a server sends it back.
    fn echoed(messages: &Messages, number: u32) -> Vec<u8> {
        let mut payload = messages.frame(number).plain.clone();
        payload[..8].copy_from_slice(format!("{number:08x}").as_bytes());
        let mut frame = vec![0x81, 126];
        frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        frame.extend(payload);
        frame
    }

    #[test]
    fn messages_that_are_cut_anywhere_are_taken() {
        let messages = messages("--size 200 --payload utf8");
        let wire = [echoed(&messages, 0), echoed(&messages, 1)].concat();
        for cut in 0..=wire.len() {
            let mut incoming = Incoming::default();
            let ended = incoming.take(&wire[..cut], &messages).unwrap();
            assert_eq!(
                ended + incoming.take(&wire[cut..], &messages).unwrap(),
                2,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn fragments_are_one_message() {
        let messages = messages("--size 200");
        let wire = echoed(&messages, 0);
        let (first, second) = wire[4..].split_at(100);
        let wire = [&[0x01, 100], first, &[0x89, 0], &[0x80, 100], second].concat();
        assert_eq!(Incoming::default().take(&wire, &messages).unwrap(), 1);
    }

    #[test]
    fn every_byte_is_checked() {
        let messages = messages("--size 200");
        let wire = echoed(&messages, 0);
        for at in 4..wire.len() {
            let mut wire = wire.clone();
            wire[at] ^= 1;
            assert!(
                Incoming::default().take(&wire, &messages).is_err(),
                "byte {at}"
            );
        }
    }

    #[test]
    fn another_order_another_length_and_another_kind_are_refused() {
        let messages = messages("--size 200");
        let refused = |wire: &[u8]| Incoming::default().take(wire, &messages).is_err();
        assert!(refused(&echoed(&messages, 1)));
        let mut short = echoed(&messages, 0);
        short[3] -= 1;
        assert!(refused(&short[..short.len() - 1]));
        let mut binary = echoed(&messages, 0);
        binary[0] = 0x82;
        assert!(refused(&binary));
    }

    #[test]
    fn compressed_messages_have_to_be_compressed_and_right() {
        let messages = messages("--size 1024 --payload json --deflate");
        let mut wire = Vec::new();
        messages.append(0, &mut wire);
        // Of the client's frame: unmasked.
        let (length, key) = (
            u16::from_be_bytes([wire[2], wire[3]]),
            [wire[4], wire[5], wire[6], wire[7]],
        );
        let unmasked = wire[8..]
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key);
        let frame = |first: u8| {
            let mut frame = vec![first, 126];
            frame.extend_from_slice(&length.to_be_bytes());
            frame.extend(unmasked.clone());
            frame
        };
        let mut incoming = Incoming::default();
        incoming.inflate();
        assert_eq!(incoming.take(&frame(0xc1), &messages).unwrap(), 1);
        // The next one is another.
        assert!(incoming.take(&frame(0xc1), &messages).is_err());
        assert!(Incoming::default().take(&frame(0x81), &messages).is_err());
    }
}
