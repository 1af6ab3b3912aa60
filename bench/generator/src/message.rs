//! The messages that are sent, and what must come back.

use flate2::{Compress, Compression, FlushCompress};

use crate::Failure;
use crate::args::Settings;

/// The masking key of all frames. It must not be zero, or unmasking could be skipped.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// A numbered message begins with its number, in as many hexadecimal digits.
pub const DIGITS: usize = 8;
/// How many different compressed messages there are.
const COMPRESSED: usize = 64;

/// One masked frame, ready to be written.
pub struct Frame {
    /// The frame, with zeros for the number.
    wire: Vec<u8>,
    /// Where its payload begins.
    payload_at: usize,
    /// What the server makes of it.
    pub plain: Vec<u8>,
}

/// The messages of a run, which every connection sends in turn.
pub struct Messages {
    frames: Vec<Frame>,
    /// Whether they begin with a number; compressed ones do not.
    numbered: bool,
    /// Whether they are text.
    pub text: bool,
    /// Whether they are compressed, and have to come back so.
    pub compressed: bool,
}

impl Messages {
    /// Makes what the settings ask for.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        let size = settings.size;
        let text = settings.payload != "binary";
        if settings.deflate {
            let frames = (0..COMPRESSED).map(|index| {
                let plain = json(size, index as u32);
                Ok(Frame::new(text, true, deflate(&plain)?, plain))
            });
            return Ok(Self {
                frames: frames.collect::<Result<_, Failure>>()?,
                numbered: false,
                text,
                compressed: true,
            });
        }
        if size < DIGITS {
            return Err(format!("a message has at least {DIGITS} bytes").into());
        }
        let mut plain = match settings.payload.as_str() {
            "ascii" => repeat(size, "the quick brown fox jumps over the lazy dog; "),
            "utf8" => repeat(size, "Жил-был пёс 東京特許許可局 ελληνικά 🦊 "),
            "binary" => noise(size),
            "json" => json(size, 0),
            other => return Err(format!("no payload {other}").into()),
        };
        plain[..DIGITS].fill(b'0');
        let frame = Frame::new(text, false, plain.clone(), plain);
        Ok(Self {
            frames: vec![frame],
            numbered: true,
            text,
            compressed: false,
        })
    }

    /// The frame of a connection's message `number`.
    pub fn frame(&self, number: u32) -> &Frame {
        &self.frames[number as usize % self.frames.len()]
    }

    /// Appends message `number` to what is written.
    pub fn append(&self, number: u32, out: &mut Vec<u8>) {
        let frame = self.frame(number);
        let at = out.len() + frame.payload_at;
        out.extend_from_slice(&frame.wire);
        if self.numbered {
            for (index, byte) in digits(number).into_iter().enumerate() {
                out[at + index] = byte ^ KEY[index % 4];
            }
        }
    }

    /// Message `number` in two parts: its beginning, which holds the number, is put into `head`.
    pub fn parts<'a>(&'a self, number: u32, head: &mut Vec<u8>) -> &'a [u8] {
        let frame = self.frame(number);
        let (first, rest) = frame.wire.split_at(frame.payload_at + DIGITS);
        head.clear();
        head.extend_from_slice(first);
        for (index, byte) in digits(number).into_iter().enumerate() {
            head[frame.payload_at + index] = byte ^ KEY[index % 4];
        }
        rest
    }

    /// Bytes of message `number` on the wire.
    pub fn wire_len(&self, number: u32) -> usize {
        self.frame(number).wire.len()
    }

    /// Whether `bytes` are what stands at `at` in message `number`.
    pub fn matches(&self, number: u32, at: usize, bytes: &[u8]) -> bool {
        let plain = &self.frame(number).plain;
        let Some(expected) = plain.get(at..at + bytes.len()) else {
            return false;
        };
        if at >= DIGITS || !self.numbered {
            return bytes == expected;
        }
        let (first, rest) = bytes.split_at(bytes.len().min(DIGITS - at));
        first == &digits(number)[at..at + first.len()] && rest == &expected[first.len()..]
    }
}

impl Frame {
    fn new(text: bool, compressed: bool, payload: Vec<u8>, plain: Vec<u8>) -> Self {
        let mut wire = vec![0x80 | if compressed { 0x40 } else { 0 } | if text { 1 } else { 2 }];
        match payload.len() {
            length @ ..126 => wire.push(0x80 | length as u8),
            length @ 126..=0xffff => {
                wire.push(0x80 | 126);
                wire.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                wire.push(0x80 | 127);
                wire.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        wire.extend_from_slice(&KEY);
        let payload_at = wire.len();
        wire.extend(
            payload
                .iter()
                .zip(KEY.iter().cycle())
                .map(|(byte, key)| byte ^ key),
        );
        Self {
            wire,
            payload_at,
            plain,
        }
    }
}

fn digits(number: u32) -> [u8; DIGITS] {
    std::array::from_fn(|index| b"0123456789abcdef"[(number >> (28 - 4 * index)) as usize & 15])
}

/// As many bytes of a text as fit, filled up with dots.
fn repeat(size: usize, text: &str) -> Vec<u8> {
    let mut whole = "0".repeat(DIGITS);
    for char in text.chars().cycle() {
        if whole.len() + char.len_utf8() > size {
            break;
        }
        whole.push(char);
    }
    whole.push_str(&".".repeat(size - whole.len()));
    whole.into_bytes()
}

/// Bytes that nothing compresses.
fn noise(size: usize) -> Vec<u8> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    (0..size).map(|_| random.next(256) as u8).collect()
}

/// An array of records, as an application's updates look.
fn json(size: usize, seed: u32) -> Vec<u8> {
    const STATES: [&str; 4] = ["pending", "complete", "delivered", "rejected"];
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (u64::from(seed) << 20));
    let mut text = String::from("[");
    while text.len() < size {
        text.push_str(&format!(
            "{{\"id\":{},\"user\":\"user-{}\",\"time\":\"2026-{:02}-{:02}T{:02}:{:02}:{:02}Z\",\"price\":{}.{:02},\"state\":\"{}\"}},",
            random.next(10_000_000), random.next(10_000), 1 + random.next(12), 1 + random.next(28), random.next(24),
            random.next(60), random.next(60), random.next(1000), random.next(100), STATES[random.next(4) as usize],
        ));
    }
    text.truncate(size - 1);
    text.push(']');
    text.into_bytes()
}

/// One message by RFC 7692, without context.
fn deflate(plain: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(plain.len() + 64);
    let mut compress = Compress::new(Compression::default(), false);
    compress.compress_vec(plain, &mut out, FlushCompress::Sync)?;
    // RFC 7692 §7.2.1: the tail 00 00 ff ff is not sent.
    out.truncate(out.len() - 4);
    Ok(out)
}

/// xorshift64: the same messages in every run.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}
