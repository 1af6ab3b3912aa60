//! What a call returns.

use std::ptr;

use napi::sys;

use super::super::status::{Outcome, check};
use super::arguments::Call;

impl Call<'_> {
    /// A number.
    pub(crate) fn number(&self, number: f64) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: `raw` is the env of this call.
        check(unsafe { sys::napi_create_double(self.raw, number, &mut value) })?;
        Ok(value)
    }

    /// An array of numbers.
    pub(crate) fn numbers(&self, numbers: &[f64]) -> Outcome<sys::napi_value> {
        let mut array = ptr::null_mut();
        // SAFETY: `raw` is the env of this call, the values are of its handle scope.
        unsafe {
            check(sys::napi_create_array_with_length(
                self.raw,
                numbers.len(),
                &mut array,
            ))?;
            for (index, number) in (0..).zip(numbers) {
                let number = self.number(*number)?;
                check(sys::napi_set_element(self.raw, array, index, number))?;
            }
        }
        Ok(array)
    }

    /// A string.
    pub(crate) fn string(&self, text: &str) -> Outcome<sys::napi_value> {
        let (mut value, data) = (ptr::null_mut(), text.as_ptr().cast());
        let length = isize::try_from(text.len()).unwrap_or(isize::MAX);
        // SAFETY: `raw` is the env of this call, the text valid for its length.
        check(unsafe { sys::napi_create_string_utf8(self.raw, data, length, &mut value) })?;
        Ok(value)
    }

    /// A boolean.
    pub(crate) fn boolean(&self, boolean: bool) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: `raw` is the env of this call.
        check(unsafe { sys::napi_get_boolean(self.raw, boolean, &mut value) })?;
        Ok(value)
    }
}

/// Keeps the argument at `index` for as long as the env lives.
pub(crate) fn reference(call: &Call<'_>, index: usize) -> Outcome<sys::napi_ref> {
    let mut reference = ptr::null_mut();
    // SAFETY: the value is an argument of the call under way.
    check(unsafe { sys::napi_create_reference(call.raw, call.value(index), 1, &mut reference) })?;
    Ok(reference)
}

/// The result of a function that returns nothing.
pub(crate) const UNDEFINED: Outcome<sys::napi_value> = Ok(ptr::null_mut());
