//! What was agreed on of permessage-deflate, as an element of `Sec-WebSocket-Extensions`.

use super::call::arguments::{Call, wrong};
use super::call::results::{Returned, UNDEFINED};
use super::values::payload::text;
use crate::protocol::{Deflate, DeflateParams, Role};

/// What the element that was agreed on means; an empty one, that it is off.
pub(super) fn agreed(
    element: &str,
    role: Role,
    level: u8,
    threshold: usize,
) -> Result<Option<Deflate>, String> {
    if element.is_empty() {
        return Ok(None);
    }
    let params = DeflateParams::agreed(element);
    let params = params.map_err(|e| format!("an element that was agreed on: {e}"))?;
    Ok(Some(Deflate::new(&params, role, level.min(9), threshold)))
}

/// Which end we are, if we mask.
pub(super) fn role(mask: bool) -> Role {
    match mask {
        true => Role::Client,
        false => Role::Server,
    }
}

/// `deflateMemory(agreed, mask)` → bytes that permessage-deflate may keep for a connection between two
/// messages, with what was agreed on.
pub(super) fn memory(call: &Call<'_>) -> Returned {
    let (element, role) = (text(call, 0)?, role(call.bool(1)?));
    let deflate = agreed(&element, role, 0, 0).map_err(|e| wrong(0, &e))?;
    call.number(deflate.map_or(0, |deflate| deflate.memory()) as f64)
}

/// `deflateProblem(element)` → what is wrong with an element that is to be the agreement on
/// permessage-deflate; nothing if it is one.
pub(super) fn problem(call: &Call<'_>) -> Returned {
    match DeflateParams::agreed(&text(call, 0)?) {
        Ok(_) => UNDEFINED,
        Err(problem) => call.string(&problem.to_string()),
    }
}
