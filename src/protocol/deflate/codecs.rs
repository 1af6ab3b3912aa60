//! DEFLATE for the messages of many connections, RFC 7692 §7.2.
//!
//! A compressor takes a quarter of a megabyte and an inflater some 40 KiB. A connection needs
//! neither between two messages, only what they have seen last: so it keeps that, its `History`,
//! and each thread has a few of either for all of its connections. Before a message they are reset
//! and given the connection's history; that costs less than to keep a compressor's tables in the cache for
//! each connection.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress};

use super::settings::Deflate;

/// What an empty block ends with, left off at the end of each message (RFC 7692 §7.2.1).
const FLUSH: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
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
    CODECS.with_borrow_mut(|codecs| codecs.compress(settings, history, message, true))
}

/// The payload of a fragment, which may refer to `history`, of a message whose fragments are one stream.
pub(super) fn deflated_fragment(
    settings: &Deflate,
    history: &[u8],
    fragment: &[u8],
    is_last: bool,
) -> Vec<u8> {
    let payload =
        CODECS.with_borrow_mut(|codecs| codecs.compress(settings, history, fragment, is_last));
    payload.unwrap_or_else(|| stored(fragment, is_last))
}

/// The same in blocks that are not compressed (RFC 1951 §3.2.4): a message that has begun compressed has to go on so,
/// even if the library refuses.
fn stored(fragment: &[u8], is_last: bool) -> Vec<u8> {
    let mut payload = Vec::with_capacity(fragment.len() + 64);
    for block in fragment.chunks(usize::from(u16::MAX)) {
        let length = block.len() as u16;
        payload.push(0);
        payload.extend_from_slice(&length.to_le_bytes());
        payload.extend_from_slice(&(!length).to_le_bytes());
        payload.extend_from_slice(block);
    }
    payload.push(0);
    if !is_last {
        payload.extend_from_slice(&FLUSH);
    }
    payload
}

/// An inflater, to be [given back](keep_inflater) once its message is whole.
pub(super) fn inflater() -> Decompress {
    let kept = CODECS.with_borrow_mut(|codecs| codecs.inflater.take());
    kept.unwrap_or_else(|| Decompress::new(false))
}

/// Keeps an inflater for the thread's next message.
pub(super) fn keep_inflater(inflater: Decompress) {
    CODECS.with_borrow_mut(|codecs| codecs.inflater = Some(inflater));
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

    /// What [`deflated`] returns; with the flush at its end unless it `is_last`. `None` if the library refuses, which
    /// it has no reason to.
    fn compress(
        &mut self,
        settings: &Deflate,
        history: &[u8],
        message: &[u8],
        is_last: bool,
    ) -> Option<Vec<u8>> {
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
        let whole = out.strip_suffix(&FLUSH)?;
        let payload = if is_last { whole } else { &out[..] }.to_vec();
        out.clear();
        out.shrink_to(STEP);
        self.scratch = out;
        Some(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::role::Role;
    use super::super::inflation::Inflation;
    use super::super::params::DeflateParams;
    use super::*;

    #[test]
    fn a_message_goes_on_in_blocks_that_are_not_compressed_if_the_library_refuses() {
        let settings = Deflate::new(&DeflateParams::default(), Role::Server, 6, 0);
        let first = deflated_fragment(&settings, &[], b"begins, ", false);
        for length in [0, 1, 65_535, 65_536, 200_000] {
            let rest = vec![7; length];
            let middle = stored(&rest, false);
            let payload = [&first[..], &middle, &stored(b"ends", true)].concat();
            let mut inflation =
                Inflation::begin(inflater(), &[], payload.len(), 1_000_000).expect("it begins");
            while !inflation.step(&[], &payload).expect("a stream") {}
            let (message, _) = inflation.finish();
            assert_eq!(message, [&b"begins, "[..], &rest, b"ends"].concat());
        }
    }
}
