//! A second reading of RFC 6455 and RFC 7692, as plain as can be and sharing no code with the first:
//! it looks at a whole stream from its beginning, one byte at a time, and keeps everything.

mod inflate;

use inflate::{Bounds, Failure, inflate};
use websockets::protocol::{Direction, Limits, Violation};

use crate::support::Seen;

/// The longest reference that DEFLATE can express.
const FARTHEST: usize = 32_768;

/// The settings that bear on what is read.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whether frames must be masked, must not be, or may be.
    pub masked: Option<bool>,
    pub limits: Limits,
    /// permessage-deflate, where it was agreed on, as the sender has to keep to it.
    pub deflate: Option<Direction>,
    /// Whether a message may refer back to itself past its window, as an inflater lets it that has
    /// the largest one.
    pub lenient_window: bool,
}

impl Rules {
    /// Those of an end of this masking and these limits, without compression.
    pub fn new(masked: Option<bool>, limits: Limits) -> Self {
        Self {
            masked,
            limits,
            deflate: None,
            lenient_window: true,
        }
    }
}

/// Why reading stopped.
enum Stop {
    /// The stream goes on, perhaps.
    MoreNeeded,
    Closed,
    Failed(Violation),
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self::Failed(violation)
    }
}

/// What an open connection reports that has received `stream`, and nothing else.
pub fn decode(stream: &[u8], rules: Rules) -> Vec<Seen> {
    let mut decoder = Decoder {
        stream: stream.iter(),
        rules,
        seen: Vec::new(),
        message: None,
        inflated: Vec::new(),
    };
    loop {
        match decoder.frame() {
            Ok(()) => {}
            Err(Stop::MoreNeeded) => break,
            Err(Stop::Closed) => {
                decoder.seen.push(Seen::Closing);
                break;
            }
            Err(Stop::Failed(violation)) => {
                decoder.seen.push(Seen::Failed(violation));
                break;
            }
        }
    }
    decoder.seen
}

struct Message {
    is_text: bool,
    is_compressed: bool,
    bytes: Vec<u8>,
    declared: u128,
    frames: u32,
    empty: u32,
}

struct Decoder<'a> {
    stream: std::slice::Iter<'a, u8>,
    rules: Rules,
    seen: Vec<Seen>,
    message: Option<Message>,
    /// All compressed messages so far, where they may be referred to.
    inflated: Vec<u8>,
}

impl Decoder<'_> {
    fn byte(&mut self) -> Result<u8, Stop> {
        self.stream.next().copied().ok_or(Stop::MoreNeeded)
    }

    fn frame(&mut self) -> Result<(), Stop> {
        let first = self.byte()?;
        let (fin, opcode) = (first >= 128, first % 16);
        if first / 16 % 4 != 0 {
            return Err(Violation::ReservedBits23.into());
        }
        let rsv1 = first / 64 % 2 != 0;
        if rsv1 && !(self.rules.deflate.is_some() && [1, 2].contains(&opcode)) {
            return Err(Violation::ReservedBit1.into());
        }
        if ![0, 1, 2, 8, 9, 10].contains(&opcode) {
            return Err(Violation::ReservedOpcode(opcode).into());
        }
        let is_control = opcode >= 8;
        if is_control && !fin {
            return Err(Violation::FragmentedControl.into());
        }

        let second = self.byte()?;
        let is_masked = second >= 128;
        if is_control && second % 128 > 125 {
            return Err(Violation::OversizedControl.into());
        }
        let length = self.length(second % 128)?;
        let mut key = [0; 4];
        if is_masked {
            for byte in &mut key {
                *byte = self.byte()?;
            }
        }
        match (self.rules.masked, is_masked) {
            (Some(true), false) => return Err(Violation::UnmaskedFrame.into()),
            (Some(false), true) => return Err(Violation::MaskedFrame.into()),
            _ => {}
        }

        if is_control {
            let payload = self.control_payload(length, key)?;
            self.control(opcode, payload)
        } else {
            self.begin_data(fin, opcode, rsv1, length)?;
            for i in 0..length {
                let byte = self.byte()? ^ key[(i % 4) as usize];
                self.data(byte)?;
            }
            if fin {
                self.end_message()?;
            }
            Ok(())
        }
    }

    fn length(&mut self, short: u8) -> Result<u64, Stop> {
        let (bytes, minimum) = match short {
            126 => (2, 126),
            127 => (8, 65_536),
            short => return Ok(u64::from(short)),
        };
        let mut length = 0;
        for i in 0..bytes {
            let byte = self.byte()?;
            if bytes == 8 && i == 0 && byte >= 128 {
                return Err(Violation::LengthOverflow.into());
            }
            length = length * 256 + u64::from(byte);
            // No value of the bytes to come could make it large enough.
            let most = (u128::from(length) + 1) << (8 * (bytes - 1 - i));
            if most <= minimum {
                return Err(Violation::NonMinimalLength.into());
            }
        }
        Ok(length)
    }

    fn control_payload(&mut self, length: u64, key: [u8; 4]) -> Result<Vec<u8>, Stop> {
        (0..length)
            .map(|i| Ok(self.byte()? ^ key[(i % 4) as usize]))
            .collect()
    }

    fn control(&mut self, opcode: u8, payload: Vec<u8>) -> Result<(), Stop> {
        match opcode {
            9 => self.seen.push(Seen::Ping(payload)),
            10 => self.seen.push(Seen::Pong(payload)),
            _ => {
                if payload.len() == 1 {
                    return Err(Violation::TruncatedCloseCode.into());
                }
                if payload.len() > 1 {
                    let code = u16::from(payload[0]) * 256 + u16::from(payload[1]);
                    let reserved = [1004, 1005, 1006].contains(&code);
                    if code < 1000 || reserved || (1015..3000).contains(&code) || code > 4999 {
                        return Err(Violation::InvalidCloseCode(code).into());
                    }
                    if String::from_utf8(payload[2..].to_vec()).is_err() {
                        return Err(Violation::InvalidCloseReason.into());
                    }
                }
                return Err(Stop::Closed);
            }
        }
        Ok(())
    }

    fn begin_data(&mut self, fin: bool, opcode: u8, rsv1: bool, length: u64) -> Result<(), Stop> {
        if opcode == 0 && self.message.is_none() {
            return Err(Violation::UnexpectedContinuation.into());
        }
        if opcode != 0 && self.message.is_some() {
            return Err(Violation::ExpectedContinuation.into());
        }
        let limits = self.rules.limits;
        let message = self.message.get_or_insert(Message {
            is_text: opcode == 1,
            is_compressed: rsv1,
            bytes: Vec::new(),
            declared: 0,
            frames: 0,
            empty: 0,
        });
        message.declared += u128::from(length);
        let mut allowed = u128::from(limits.max_payload);
        if message.is_compressed {
            allowed += allowed / 8 + 1_024;
        }
        if message.declared > allowed {
            return Err(Violation::MessageTooLarge {
                limit: limits.max_payload,
            }
            .into());
        }
        let is_fragment = opcode == 0 || !fin;
        message.frames += 1;
        if is_fragment && message.frames > limits.max_fragments {
            return Err(Violation::TooManyFragments {
                limit: limits.max_fragments,
            }
            .into());
        }
        message.empty += u32::from(length == 0);
        if is_fragment && length == 0 && message.empty > limits.max_empty_fragments {
            return Err(Violation::TooManyEmptyFragments {
                limit: limits.max_empty_fragments,
            }
            .into());
        }
        Ok(())
    }

    fn data(&mut self, byte: u8) -> Result<(), Stop> {
        let message = self.message.as_mut().expect("begun");
        message.bytes.push(byte);
        if message.is_text
            && !message.is_compressed
            && std::str::from_utf8(&message.bytes).is_err_and(|error| error.error_len().is_some())
        {
            return Err(Violation::InvalidUtf8.into());
        }
        Ok(())
    }

    fn end_message(&mut self) -> Result<(), Stop> {
        let mut message = self.message.take().expect("begun");
        if message.is_compressed {
            message.bytes = self.inflate(&message.bytes)?;
        }
        let seen = if message.is_text {
            Seen::Text(String::from_utf8(message.bytes).map_err(|_| Violation::InvalidUtf8)?)
        } else {
            Seen::Binary(message.bytes)
        };
        self.seen.push(seen);
        Ok(())
    }

    fn inflate(&mut self, payload: &[u8]) -> Result<Vec<u8>, Stop> {
        let direction = self.rules.deflate.expect("RSV1 was allowed");
        let window = 1 << direction.window_bits;
        let limit = self.rules.limits.max_payload;
        let bounds = Bounds {
            before: &self.inflated[self.inflated.len().saturating_sub(window)..],
            distance: if self.rules.lenient_window {
                FARTHEST
            } else {
                window
            },
            length: limit,
        };
        let message = inflate(payload, bounds).map_err(|failure| match failure {
            Failure::Invalid => Violation::InvalidCompressedData,
            Failure::TooLong => Violation::MessageTooLarge { limit },
        })?;
        if direction.context_takeover {
            self.inflated.extend_from_slice(&message);
        }
        Ok(message)
    }
}
