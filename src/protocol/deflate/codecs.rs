//! DEFLATE for the messages of many connections, RFC 7692 §7.2.
//!
//! A compressor takes a quarter of a megabyte and an inflater some 40 KiB. A connection needs
//! neither between two messages, only what they have seen last: so it keeps that, its `History`,
//! and each thread has a few of either for all of its connections. Before a message they are reset
//! and given the connection's history; that costs less than to keep a compressor's tables in the cache for
//! each connection.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::super::error::Violation;
use super::settings::Deflate;

/// What an empty block ends with, left off at the end of each message (RFC 7692 §7.2.1).
const FLUSH: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// That, and a last empty block: an inflater that was between two blocks is at its end after it.
const TAIL: [u8; 9] = [0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff];
/// Blocks with BFINAL set in one message (RFC 7692 §7.2.3.4); each costs an inflater's reset, which then learns up to
/// 32 KiB, for two bytes of the peer's. Who sets it at all does so at the end of a message, or of each fragment.
const MAX_FINAL_BLOCKS: u32 = 16;
/// Bytes of output to begin with at most, and to keep for the next message.
const STEP: usize = 64 * 1024;
/// Compressors that a thread keeps; their settings differ.
const MAX_COMPRESSORS: usize = 4;
/// The smallest window that zlib compresses with, as an exponent of 2. It looks back 250 bytes at
/// most then, which an inflater with a window of 256 bytes (8) understands.
const MIN_ZLIB_WINDOW_BITS: u8 = 9;

/// What the connections of one thread share.
#[derive(Default)]
struct Codecs {
    /// The last used is the last.
    compressors: Vec<Compressor>,
    inflater: Option<Decompress>,
    /// Memory that messages are compressed to.
    scratch: Vec<u8>,
}

/// A compressor, and what it was made for.
struct Compressor {
    level: u8,
    window_bits: u8,
    state: Compress,
}

thread_local! {
    static CODECS: RefCell<Codecs> = RefCell::default();
}

/// The payload of `message`, which may refer to `history`. `None` if it is to be sent as it is.
pub(super) fn deflated(settings: &Deflate, history: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    CODECS.with_borrow_mut(|codecs| codecs.compress(settings, history, message))
}

/// The message whose payload this is, which may refer to `history`.
///
/// # Errors
/// [`Violation::MessageTooLarge`] as soon as there are more than `limit` bytes of it,
/// [`Violation::InvalidCompressedData`].
pub(super) fn inflated(history: &[u8], payload: &[u8], limit: u64) -> Result<Vec<u8>, Violation> {
    CODECS.with_borrow_mut(|codecs| {
        let inflating = Inflating {
            inflater: codecs
                .inflater
                .get_or_insert_with(|| Decompress::new(false)),
            history,
            message: Vec::new(),
            limit,
        };
        inflating.run(payload)
    })
}

impl Codecs {
    /// The compressor with these settings, reset or not.
    fn compressor(&mut self, level: u8, window_bits: u8) -> &mut Compress {
        let of_use = |c: &Compressor| c.level == level && c.window_bits == window_bits;
        let compressor = match self.compressors.iter().position(of_use) {
            Some(index) => self.compressors.remove(index),
            None => {
                if self.compressors.len() == MAX_COMPRESSORS {
                    self.compressors.remove(0);
                }
                let level_of_zlib = Compression::new(u32::from(level));
                Compressor {
                    level,
                    window_bits,
                    state: Compress::new_with_window_bits(level_of_zlib, false, window_bits),
                }
            }
        };
        self.compressors.push(compressor);
        let last = self.compressors.len() - 1;
        &mut self.compressors[last].state
    }

    /// What [`deflated`] returns: `None` if the library refuses, which it has no reason to.
    fn compress(&mut self, settings: &Deflate, history: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let mut out = std::mem::take(&mut self.scratch);
        let window_bits = settings.outgoing.window_bits.max(MIN_ZLIB_WINDOW_BITS);
        let compressor = self.compressor(settings.level, window_bits);
        compressor.reset();
        if !history.is_empty() {
            compressor.set_dictionary(history).ok()?;
        }
        let mut rest = message;
        loop {
            // The flush is over once it leaves room; it must not begin with next to none.
            out.reserve(STEP.min(rest.len() / 2) + 64);
            let before = compressor.total_in();
            compressor
                .compress_vec(rest, &mut out, FlushCompress::Sync)
                .ok()?;
            rest = &rest[(compressor.total_in() - before) as usize..];
            if rest.is_empty() && out.len() < out.capacity() {
                break;
            }
        }
        let payload = out.strip_suffix(&FLUSH)?.to_vec();
        out.clear();
        out.shrink_to(STEP);
        self.scratch = out;
        Some(payload)
    }
}

/// One message on its way out of the inflater.
struct Inflating<'a> {
    inflater: &'a mut Decompress,
    history: &'a [u8],
    message: Vec<u8>,
    limit: u64,
}

impl Inflating<'_> {
    /// Inflates all of `payload`.
    fn run(mut self, payload: &[u8]) -> Result<Vec<u8>, Violation> {
        let guess = payload.len().saturating_mul(4).clamp(64, STEP);
        self.message.reserve_exact(guess.min(self.room()));
        let mut rest = payload;
        self.begin()?;
        for final_blocks in 0..=MAX_FINAL_BLOCKS {
            let (taken, ended) = match final_blocks {
                0 => self.feed(rest)?,
                _ => self.feed_anew(rest)?,
            };
            if !ended {
                return match self.feed(&TAIL)? {
                    (taken, true) if taken == TAIL.len() => Ok(self.message),
                    // It ends within a block.
                    _ => Err(Violation::InvalidCompressedData),
                };
            }
            if final_blocks == MAX_FINAL_BLOCKS {
                break;
            }
            // A block with BFINAL set; what follows begins at the next byte (RFC 7692 §7.2.3.4).
            rest = &rest[taken..];
            if rest.is_empty() {
                return Ok(self.message);
            }
        }
        Err(Violation::InvalidCompressedData)
    }

    /// Inflates what follows a block with BFINAL. All that came before is learnt only if that refers to it: a peer
    /// has many such blocks in few bytes.
    fn feed_anew(&mut self, input: &[u8]) -> Result<(usize, bool), Violation> {
        let before = self.message.len();
        self.inflater.reset(false);
        match self.feed(input) {
            Err(Violation::InvalidCompressedData) => {
                self.message.truncate(before);
                self.begin()?;
                self.feed(input)
            }
            fed => fed,
        }
    }

    /// Begins a stream that may refer to all that came before.
    fn begin(&mut self) -> Result<(), Violation> {
        self.inflater.reset(false);
        let window = 1 << 15;
        let joined;
        let before = if self.message.is_empty() {
            self.history
        } else if self.message.len() >= window {
            &self.message[self.message.len() - window..]
        } else {
            joined = [self.history, &self.message].concat();
            &joined[joined.len().saturating_sub(window)..]
        };
        if !before.is_empty() {
            let learnt = self.inflater.set_dictionary(before);
            learnt.map_err(|_| Violation::InvalidCompressedData)?;
        }
        Ok(())
    }

    /// Inflates `input`: how much of it was taken, and whether the stream has ended there.
    fn feed(&mut self, input: &[u8]) -> Result<(usize, bool), Violation> {
        let mut taken = 0;
        loop {
            if self.message.len() == self.message.capacity() {
                let more = self.message.len().max(64).min(self.room());
                self.message.reserve_exact(more);
            }
            let (read, written) = (self.inflater.total_in(), self.message.len());
            let status = self
                .inflater
                .decompress_vec(&input[taken..], &mut self.message, FlushDecompress::None)
                .map_err(|_| Violation::InvalidCompressedData)?;
            let read = (self.inflater.total_in() - read) as usize;
            taken += read;
            if self.message.len() as u64 > self.limit {
                return Err(Violation::MessageTooLarge { limit: self.limit });
            }
            if status == Status::StreamEnd {
                return Ok((taken, true));
            }
            let has_room = self.message.len() < self.message.capacity();
            if has_room && (taken == input.len() || (read == 0 && self.message.len() == written)) {
                return Ok((taken, false));
            }
        }
    }

    /// Bytes that the message may still take, and one by which it is seen to be too large.
    fn room(&self) -> usize {
        let room = self.limit.saturating_add(1) - self.message.len() as u64;
        usize::try_from(room).unwrap_or(usize::MAX)
    }
}
