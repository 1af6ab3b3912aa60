//! Frames and their headers, for extensions in JavaScript and for frames that several streams share.

use super::call::arguments::{Call, wrong};
use super::call::results::{Returned, UNDEFINED};
use super::status::Failure;
use super::values::buffer::buffer;
use super::values::masking::{key, key_or_null};
use super::values::payload::{Source, fragment, opcode};
use super::values::views::{bytes, change_bytes, fill};
use crate::protocol::{
    self, Header, Reserved, Violation, encode_header, first_byte, largest_compressed,
};

/// `encode(opcode, data, mask, fragment)` → a Buffer with a message, in frames of at most `fragment` bytes, or with a
/// control frame.
pub(super) fn encode(call: &Call<'_>) -> Returned {
    let (opcode, mask) = (opcode(call, 0)?, call.bool(2)?);
    let (most, mut frame) = (fragment(call, 3)?, Vec::new());
    Source::of(call, 1)?.encode(&mut frame, opcode, mask)?;
    buffer(call.raw, &protocol::fragmented(frame, most))
}

/// `encodeFrame(into, fin, rsv1, rsv2, rsv3, opcode, payload, key)` → the length of the frame, which is written
/// to the memory of `into`: its payload is masked with the key unless that is `null`. Nothing is checked: see
/// `checkHeader`.
pub(super) fn encode_frame(call: &Call<'_>) -> Returned {
    let reserved = [call.bool(2)?, call.bool(3)?, call.bool(4)?];
    let first = first_byte(call.bool(1)?, reserved, call.u32(5)? as u8);
    let key = key_or_null(call, 7)?;
    let payload = bytes(call, 6)?;
    let (header, size) = encode_header(first, payload.len() as u64, key);
    let frame = fill(call, 0, &[&header[..size], &payload], |frame| {
        if let Some(key) = key {
            protocol::apply_mask(&mut frame[size..], key, 0);
        }
    });
    call.number(frame? as f64)
}

/// `checkHeader(fin, opcode, length)`: whether a frame may have this header; RSV bits may be set.
///
/// # Errors
/// The violation, as an Error with its public code.
pub(super) fn check_header(call: &Call<'_>) -> Returned {
    let opcode = u8::try_from(call.u32(1)?).map_err(|_| wrong(1, "an opcode"))?;
    let first = first_byte(call.bool(0)?, [false; 3], opcode);
    let (header, length) = encode_header(first, call.u64(2)?, None);
    Header::parse(&header[..length], Reserved::Any).map_err(violation)?;
    UNDEFINED
}

/// `parseHeader(bytes)` → `[size, length, fin, rsv1, rsv2, rsv3, opcode, mask]` of the header that they begin
/// with: its own length, that of its payload, and its fields; nothing if more bytes are needed. RSV bits may
/// be set.
///
/// # Errors
/// The violation, as an Error with its public code.
pub(super) fn parse_header(call: &Call<'_>) -> Returned {
    let parsed = Header::parse(&bytes(call, 0)?, Reserved::Any).map_err(violation)?;
    let Some((header, size)) = parsed else {
        return UNDEFINED;
    };
    call.array(&[
        call.number(size as f64)?,
        call.number(header.length as f64)?,
        call.boolean(header.fin)?,
        call.boolean(header.rsv1)?,
        call.boolean(header.rsv2)?,
        call.boolean(header.rsv3)?,
        call.number(f64::from(header.opcode as u8))?,
        call.boolean(header.mask.is_some())?,
    ])
}

/// `frameSize(bytes, maxPayload)` → the length of the frame that they begin with, its header included; nothing
/// if more bytes are needed to know. RSV bits may be set.
///
/// # Errors
/// The violation, as an Error with its public code; that the payload has more than `maxPayload` bytes, too.
pub(super) fn frame_size(call: &Call<'_>) -> Returned {
    let limit = call.u64(1)?;
    let parsed = Header::parse(&bytes(call, 0)?, Reserved::Any).map_err(violation)?;
    match parsed {
        Some((Header { length, .. }, _)) if length > limit => {
            Err(violation(Violation::MessageTooLarge { limit }))
        }
        Some((header, size)) => call.number(size as f64 + header.length as f64),
        None => UNDEFINED,
    }
}

/// `applyMask(bytes, key)`: masks, or unmasks, in place (RFC 6455 §5.3).
pub(super) fn apply_mask(call: &Call<'_>) -> Returned {
    let key = key(call, 1)?;
    change_bytes(call, 0, |bytes| protocol::apply_mask(bytes, key, 0))?;
    UNDEFINED
}

/// `largestCompressed(maxPayload)` → bytes that a message of this many may come in when it is compressed.
pub(super) fn largest(call: &Call<'_>) -> Returned {
    call.number(largest_compressed(call.u64(0)?) as f64)
}

/// A violation, as an Error with its public code.
fn violation(violation: Violation) -> Failure {
    Failure::Throw(violation.code(), violation.to_string())
}
