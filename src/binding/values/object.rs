//! The properties of an object, by name.

use std::ffi::CStr;
use std::ptr;

use napi::sys;

use super::super::call::arguments::Call;
use super::super::status::{Failure, Outcome, check};

/// An object that `lib/` passes; each property that is asked for has to be there.
pub(crate) struct Properties<'a> {
    call: &'a Call<'a>,
    object: sys::napi_value,
}

impl<'a> Properties<'a> {
    /// Those of the argument at `index`.
    pub(crate) fn of(call: &'a Call<'a>, index: usize) -> Self {
        Self {
            call,
            object: call.value(index),
        }
    }

    /// A boolean.
    pub(crate) fn bool(&self, name: &CStr) -> Outcome<bool> {
        let mut boolean = false;
        let value = self.value(name)?;
        // SAFETY: the value is of the call under way.
        let status = unsafe { sys::napi_get_value_bool(self.call.raw, value, &mut boolean) };
        check(status).map_err(|_| wrong(name, "a boolean"))?;
        Ok(boolean)
    }

    /// A whole number that a double holds exactly; what is above, `Infinity` too, is the greatest.
    pub(crate) fn u64(&self, name: &CStr) -> Outcome<u64> {
        let mut number = 0.0;
        let value = self.value(name)?;
        // SAFETY: the value is of the call under way.
        let status = unsafe { sys::napi_get_value_double(self.call.raw, value, &mut number) };
        check(status).map_err(|_| wrong(name, "a number"))?;
        // A cast of a float saturates.
        Ok(number as u64)
    }

    /// A string.
    pub(crate) fn string(&self, name: &CStr) -> Outcome<String> {
        let (value, raw) = (self.value(name)?, self.call.raw);
        let mut length = 0;
        // SAFETY: the value is of the call under way; without memory only the length is asked for.
        let status =
            unsafe { sys::napi_get_value_string_utf8(raw, value, ptr::null_mut(), 0, &mut length) };
        check(status).map_err(|_| wrong(name, "a string"))?;
        if length == 0 {
            return Ok(String::new());
        }
        // One more, for the NUL that Node-API ends a string with.
        let mut text = vec![0_u8; length + 1];
        let (memory, room) = (text.as_mut_ptr().cast(), text.len());
        // SAFETY: as above; Node-API writes `room` bytes at most.
        check(unsafe { sys::napi_get_value_string_utf8(raw, value, memory, room, &mut length) })?;
        text.truncate(length);
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// What the property with this name is.
    fn value(&self, name: &CStr) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: the object is an argument of the call under way, the name NUL-terminated.
        let status = unsafe {
            sys::napi_get_named_property(self.call.raw, self.object, name.as_ptr(), &mut value)
        };
        // A getter may have thrown: that is pending, and the Error below is not thrown then.
        check(status).map_err(|_| wrong(name, "a property of an object"))?;
        Ok(value)
    }
}

/// `lib/` passed something else than agreed.
pub(crate) fn wrong(name: &CStr, expected: &str) -> Failure {
    let name = name.to_string_lossy();
    Failure::Throw(
        "ERR_INVALID_ARG_TYPE",
        format!("the setting \"{name}\" of a native function must be {expected}"),
    )
}
