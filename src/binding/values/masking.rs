//! Masking keys, RFC 6455 §5.3.

use super::super::call::arguments::{Call, wrong};
use super::super::status::Outcome;
use super::views::bytes;
use crate::protocol::Masking;

/// The masking key at `index`.
pub(crate) fn key(call: &Call<'_>, index: usize) -> Outcome<[u8; 4]> {
    let key = bytes(call, index)?[..].try_into();
    key.map_err(|_| wrong(index, "4 bytes long"))
}

/// The same, if it is not `null`.
pub(crate) fn key_or_null(call: &Call<'_>, index: usize) -> Outcome<Option<[u8; 4]>> {
    match call.is_null(index)? {
        true => Ok(None),
        false => key(call, index).map(Some),
    }
}

/// The same; `undefined` is as the role asks for.
pub(crate) fn masking(call: &Call<'_>, index: usize) -> Outcome<Masking> {
    match call.is_undefined(index)? {
        true => Ok(Masking::ByRole),
        false => key_or_null(call, index).map(Masking::Given),
    }
}
