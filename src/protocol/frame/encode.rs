//! Whole frames, as they go over the wire, RFC 6455 §5.2.

use super::header::{FIN, Header, LENGTH_IN_16_BITS, MAX_HEADER_LENGTH};
use super::mask::append_payload;
use super::opcode::Opcode;

/// Appends a whole frame to `out`, its payload masked with `mask` where there is one.
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
    encode(out, Header::message(opcode, payload.len(), mask), payload);
}

/// As [`encode_frame`], of a message that permessage-deflate has compressed to `payload`.
pub fn encode_compressed_frame(
    out: &mut Vec<u8>,
    opcode: Opcode,
    payload: &[u8],
    mask: Option<[u8; 4]>,
) {
    let header = Header::message(opcode, payload.len(), mask);
    encode(
        out,
        Header {
            rsv1: true,
            ..header
        },
        payload,
    );
}

/// Inlined, so that the header's fields are never stored one by one and loaded together.
#[inline(always)]
fn encode(out: &mut Vec<u8>, header: Header, payload: &[u8]) {
    let mask = header.mask;
    let (header, length) = header.encode();
    out.reserve(MAX_HEADER_LENGTH + payload.len());
    // All of it, because a copy of known length is no call.
    out.extend_from_slice(&header);
    out.truncate(out.len() - (MAX_HEADER_LENGTH - length));
    append_payload(out, payload, mask, 0);
}
