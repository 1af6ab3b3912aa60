//! Frames and their headers, for extensions in JavaScript and for frames that several streams share.

use super::call::arguments::{Call, wrong};
use super::call::results::{Returned, UNDEFINED};
use super::status::{Failure, Outcome};
use super::values::buffer::buffer;
use super::values::payload::{Source, opcode};
use super::values::views::{bytes, change_bytes};
use crate::protocol::{
    self, Header, MAX_HEADER_LENGTH, Reserved, encode_any_frame, encode_header, first_byte,
    largest_compressed,
};

/// `encode(opcode, data, mask)` → a Buffer with a frame that is a message or a control frame.
pub(super) fn encode(call: &Call<'_>) -> Returned {
    let (opcode, mask) = (opcode(call, 0)?, call.bool(2)?);
    let mut frame = Vec::new();
    Source::of(call, 1)?.encode(&mut frame, opcode, mask)?;
    buffer(call.raw, &frame)
}

/// `encodeFrame(fin, rsv1, rsv2, rsv3, opcode, payload, key)` → a Buffer with this frame, its payload masked
/// with the key unless that is `null`. Nothing is checked: see `checkHeader`.
pub(super) fn encode_frame(call: &Call<'_>) -> Returned {
    let reserved = [call.bool(1)?, call.bool(2)?, call.bool(3)?];
    let first = first_byte(call.bool(0)?, reserved, call.u32(4)? as u8);
    let key = match call.is_null(6)? {
        true => None,
        false => Some(key(call, 6)?),
    };
    let payload = bytes(call, 5)?;
    let mut frame = Vec::with_capacity(MAX_HEADER_LENGTH + payload.len());
    encode_any_frame(&mut frame, first, payload, key);
    buffer(call.raw, &frame)
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
    let parsed = Header::parse(bytes(call, 0)?, Reserved::Any).map_err(violation)?;
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

/// The masking key at `index`.
fn key(call: &Call<'_>, index: usize) -> Outcome<[u8; 4]> {
    let key = bytes(call, index)?.try_into();
    key.map_err(|_| wrong(index, "4 bytes long"))
}

/// A violation, as an Error with its public code.
fn violation(violation: protocol::Violation) -> Failure {
    Failure::Throw(violation.code(), violation.to_string())
}
