//! Whole frames, as they go over the wire, RFC 6455 §5.2.

use super::header::{FIN, LENGTH_IN_16_BITS, MAX_HEADER_LENGTH, RSV1, encode_header};
use super::mask::append_payload;
use super::opcode::Opcode;

/// Appends a whole frame to `out`, its payload masked if there is a `mask`.
#[inline]
pub fn encode_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) {
    if mask.is_none() && payload.len() < usize::from(LENGTH_IN_16_BITS) {
        // By far the most usual frame of a server: two bytes, which need no putting together.
        out.extend_from_slice(&[FIN | opcode as u8, payload.len() as u8]);
        out.extend_from_slice(payload);
        return;
    }
    encode_other(out, opcode, payload, mask);
}

/// Apart, so that the usual frame is not made to save registers that it does not use.
#[inline(never)]
fn encode_other(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) {
    encode(out, FIN | opcode as u8, payload, mask);
}

/// As [`encode_frame`], of a message that permessage-deflate has compressed to `payload`.
pub fn encode_compressed_frame(
    out: &mut Vec<u8>,
    opcode: Opcode,
    payload: &[u8],
    mask: Option<[u8; 4]>,
) {
    encode(out, FIN | RSV1 | opcode as u8, payload, mask);
}

/// Inlined, so that the header is put together in registers.
#[inline(always)]
fn encode(out: &mut Vec<u8>, first: u8, payload: &[u8], mask: Option<[u8; 4]>) {
    let (header, length) = encode_header(first, payload.len() as u64, mask);
    out.reserve(MAX_HEADER_LENGTH + payload.len());
    // All of it, because a copy of known length is no call.
    out.extend_from_slice(&header);
    out.truncate(out.len() - (MAX_HEADER_LENGTH - length));
    append_payload(out, payload, mask, 0);
}
