//! Whole frames, as they go over the wire, RFC 6455 §5.2.

use super::header::{
    FIN, Header, LENGTH_IN_16_BITS, MAX_HEADER_LENGTH, RSV1, Reserved, encode_header, first_byte,
};
use super::mask::{append_payload, apply_mask, random_key};
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

/// As [`encode_frame`], of a fragment (RFC 6455 §5.4): `fin` if it is the last, `rsv1` if it is the first of a message
/// that permessage-deflate has compressed.
pub fn encode_fragment(
    out: &mut Vec<u8>,
    (opcode, fin, rsv1): (Opcode, bool, bool),
    payload: &[u8],
    mask: Option<[u8; 4]>,
) {
    encode(
        out,
        first_byte(fin, [rsv1, false, false], opcode as u8),
        payload,
        mask,
    );
}

/// A message that is one frame, as fragments with at most `most` bytes of payload each (RFC 6455 §5.4). The reserved
/// bits stay with the first of them (RFC 7692 §6.1), and each that is masked has a key of its own.
#[must_use]
pub fn fragmented(mut frame: Vec<u8>, most: usize) -> Vec<u8> {
    let Ok(Some((header, size))) = Header::parse(&frame, Reserved::Any) else {
        return frame;
    };
    let (first, mut rest) = (frame[0], &mut frame[size..]);
    if header.opcode.is_control() || rest.len() <= most.max(1) {
        return frame;
    }
    if let Some(key) = header.mask {
        apply_mask(rest, key, 0);
    }
    let mut out = Vec::new();
    let mut opening = first & !FIN;
    while !rest.is_empty() {
        let (part, after) = rest.split_at_mut(most.max(1).min(rest.len()));
        let last = if after.is_empty() { first & FIN } else { 0 };
        encode(
            &mut out,
            opening | last,
            part,
            header.mask.map(|_| random_key()),
        );
        opening = Opcode::Continuation as u8;
        rest = after;
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first byte and the unmasked payload of each frame.
    fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut frames = Vec::new();
        while let Ok(Some((header, size))) = Header::parse(bytes, Reserved::Any) {
            let end = size + header.length as usize;
            let mut payload = bytes[size..end].to_vec();
            apply_mask(&mut payload, header.mask.unwrap_or_default(), 0);
            frames.push((bytes[0], payload));
            bytes = &bytes[end..];
        }
        frames
    }

    #[test]
    fn a_message_is_cut_and_rsv1_stays_with_the_first_fragment() {
        for mask in [None, Some([1, 2, 3, 4])] {
            let mut frame = Vec::new();
            encode_compressed_frame(&mut frame, Opcode::Text, b"abcdefg", mask);
            let expected = [
                (RSV1 | Opcode::Text as u8, b"abc".to_vec()),
                (Opcode::Continuation as u8, b"def".to_vec()),
                (FIN | Opcode::Continuation as u8, b"g".to_vec()),
            ];
            assert_eq!(frames(&fragmented(frame, 3)), expected);
        }
    }

    #[test]
    fn what_fits_and_control_frames_stay_as_they_are() {
        for (opcode, most) in [(Opcode::Binary, 7), (Opcode::Ping, 1)] {
            let mut frame = Vec::new();
            encode_frame(&mut frame, opcode, b"abcdefg", Some([1, 2, 3, 4]));
            assert_eq!(fragmented(frame.clone(), most), frame);
        }
    }
}
