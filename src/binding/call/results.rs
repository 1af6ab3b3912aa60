//! What a call returns.

use std::ptr;

use napi::sys;

use super::super::status::{Outcome, check};
use super::super::values::made;
use super::arguments::Call;

/// What a function that `lib/` calls returns.
pub(crate) type Returned = Outcome<sys::napi_value>;

/// The result of a function that returns nothing.
pub(crate) const UNDEFINED: Returned = Ok(ptr::null_mut());

impl Call<'_> {
    /// A number.
    pub(crate) fn number(&self, number: f64) -> Returned {
        made::number(self.raw, number)
    }

    /// An array.
    pub(crate) fn array(&self, elements: &[sys::napi_value]) -> Returned {
        made::array(self.raw, elements)
    }

    /// A string.
    pub(crate) fn string(&self, text: &str) -> Returned {
        made::utf8(self.raw, text)
    }

    /// A boolean.
    pub(crate) fn boolean(&self, boolean: bool) -> Returned {
        made::boolean(self.raw, boolean)
    }
}

/// Keeps the argument at `index` for as long as the env lives.
pub(crate) fn reference(call: &Call<'_>, index: usize) -> Outcome<sys::napi_ref> {
    let mut reference = ptr::null_mut();
    // SAFETY: the value is an argument of the call under way.
    check(unsafe { sys::napi_create_reference(call.raw, call.value(index), 1, &mut reference) })?;
    Ok(reference)
}
