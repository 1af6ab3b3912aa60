//! The payload of a frame, and the frame made of it in place.

use std::borrow::Cow;
use std::ptr;

use napi::sys;

use super::super::call::arguments::{Call, wrong};
use super::super::status::{Failure, Outcome, check};
use super::masking::masking;
use super::views::bytes;
use crate::protocol::{Fragment, Header, MAX_HEADER_LENGTH, Opcode, apply_mask, random_key};

#[cfg(sockets)]
/// Up to this many bytes, a payload is encoded in the outbox itself, under the connection's lock;
/// larger ones are encoded apart, so that the shard is not kept waiting.
pub(crate) const IN_PLACE: usize = 64 * 1024;
/// Up to this many UTF-16 units, a string's bound is used instead of its length in UTF-8.
const SHORT: usize = 4 * 1024;

/// The payload of a frame to be.
pub(crate) enum Source<'a> {
    /// A string, and a bound on its length in UTF-8.
    Text {
        raw: sys::napi_env,
        value: sys::napi_value,
        bound: usize,
    },
    /// The contents of a Buffer, a typed array or a DataView. They are read once, or the same however often.
    Bytes(Cow<'a, [u8]>),
}

impl<'a> Source<'a> {
    /// Reads what the argument at `index` is; `lib/` lets nothing but strings and views through.
    pub(crate) fn of(call: &'a Call<'_>, index: usize) -> Outcome<Self> {
        let value = call.value(index);
        let raw = call.raw;
        let mut units = 0;
        // SAFETY: the value is an argument of the call under way; without a buffer only the length
        // is asked for.
        let status =
            unsafe { sys::napi_get_value_string_utf16(raw, value, ptr::null_mut(), 0, &mut units) };
        if status == sys::Status::napi_ok {
            let mut bound = units * 3;
            if units > SHORT {
                // SAFETY: as above.
                check(unsafe {
                    sys::napi_get_value_string_utf8(raw, value, ptr::null_mut(), 0, &mut bound)
                })?;
            }
            return Ok(Self::Text { raw, value, bound });
        }
        Ok(Self::Bytes(bytes(call, index)?))
    }

    /// A bound on the payload's length in bytes.
    pub(crate) fn bound(&self) -> usize {
        match self {
            Self::Text { bound, .. } => *bound,
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Appends the frame; returns the length of its header. On failure `out` is as it was.
    pub(crate) fn encode(&self, out: &mut Vec<u8>, opcode: Opcode, mask: bool) -> Outcome<usize> {
        let key = mask.then(random_key);
        let (start, bound) = (out.len(), self.bound());
        let (header, room) = Header::message(opcode, bound, key).encode();
        // One more, for the NUL that Node-API ends a string with.
        out.reserve(MAX_HEADER_LENGTH + bound + 1);
        out.extend_from_slice(&header[..room]);
        let length = match self {
            Self::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                bytes.len()
            }
            Self::Text { raw, value, .. } => {
                let mut length = 0;
                let target = out.spare_capacity_mut().as_mut_ptr().cast();
                // SAFETY: `bound + 1` bytes of spare capacity were reserved after the header.
                let status = unsafe {
                    sys::napi_get_value_string_utf8(*raw, *value, target, bound + 1, &mut length)
                };
                if status != sys::Status::napi_ok {
                    out.truncate(start);
                    return Err(Failure::Pending);
                }
                // SAFETY: Node-API wrote `length` bytes there, at most `bound`.
                unsafe { out.set_len(start + room + length) };
                length
            }
        };
        let (header, used) = Header::message(opcode, length, key).encode();
        if used < room {
            // A shorter length takes a shorter header: the payload moves up to it.
            out.copy_within(start + room.., start + used);
            out.truncate(start + used + length);
        }
        out[start..start + used].copy_from_slice(&header[..used]);
        if let Some(key) = key {
            apply_mask(&mut out[start + used..], key, 0);
        }
        Ok(used)
    }
}

/// A string, or a Buffer of UTF-8. It is encoded as a text frame would be: what is in it is valid
/// UTF-8 then.
pub(crate) fn text(call: &Call<'_>, index: usize) -> Outcome<String> {
    let mut frame = Vec::new();
    let header = Source::of(call, index)?.encode(&mut frame, Opcode::Text, false)?;
    Ok(String::from_utf8_lossy(&frame[header..]).into_owned())
}

/// A string of a character for each byte.
#[cfg(sockets)]
pub(crate) fn latin1(call: &Call<'_>, index: usize) -> Outcome<Vec<u8>> {
    let (raw, value) = (call.raw, call.value(index));
    let mut length = 0;
    // SAFETY: `raw` is the env of this call, the value one of its arguments.
    check(unsafe {
        sys::napi_get_value_string_latin1(raw, value, ptr::null_mut(), 0, &mut length)
    })?;
    // One more for the NUL.
    let mut bytes = vec![0; length + 1];
    // SAFETY: as above; `bytes` has room for so many.
    check(unsafe {
        sys::napi_get_value_string_latin1(
            raw,
            value,
            bytes.as_mut_ptr().cast(),
            bytes.len(),
            &mut length,
        )
    })?;
    bytes.truncate(length);
    Ok(bytes)
}

/// Most bytes of payload of a frame; `Infinity` is no limit.
pub(crate) fn fragment(call: &Call<'_>, index: usize) -> Outcome<usize> {
    Ok(usize::try_from(call.u64(index)?).unwrap_or(usize::MAX))
}

/// The opcode that `lib/` names by its number.
pub(crate) fn opcode(call: &Call<'_>, index: usize) -> Outcome<Opcode> {
    let number = u8::try_from(call.u32(index)?).map_err(|_| wrong(index, "an opcode"))?;
    Opcode::try_from(number).map_err(|_| wrong(index, "an opcode"))
}

/// A fragment of a message, or a control frame: opcode, whether it is the last, whether it may be compressed, its
/// masking key (nothing: as the role asks for; `null`: it is not masked) and its data, the arguments from `first` on.
pub(crate) fn one_fragment(call: &Call<'_>, first: usize) -> Outcome<Fragment> {
    let (opcode, fin) = (opcode(call, first)?, call.bool(first + 1)?);
    let (compress, masking) = (call.bool(first + 2)?, masking(call, first + 3)?);
    let mut payload = Vec::new();
    let header = Source::of(call, first + 4)?.encode(&mut payload, opcode, false)?;
    payload.drain(..header);
    Ok(Fragment {
        opcode,
        fin,
        compress,
        masking,
        payload,
    })
}
