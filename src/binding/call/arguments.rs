//! One raw Node-API call, and its arguments.

use napi::sys;

use super::super::env::EnvState;
use super::super::status::{Failure, Outcome, check};

/// A call from JavaScript.
pub(crate) struct Call<'a> {
    pub(crate) raw: sys::napi_env,
    pub(crate) state: &'a EnvState,
    pub(super) arguments: &'a [sys::napi_value],
}

impl Call<'_> {
    /// The argument at `index`, of as many as the function takes; `undefined` if fewer were given.
    pub(crate) fn value(&self, index: usize) -> sys::napi_value {
        self.arguments[index]
    }

    /// A number from 0 to 2³² − 1.
    pub(crate) fn u32(&self, index: usize) -> Outcome<u32> {
        let mut number = 0;
        // SAFETY: `raw` is the env of this call, the value one of its arguments.
        let status =
            unsafe { sys::napi_get_value_uint32(self.raw, self.arguments[index], &mut number) };
        check(status).map_err(|_| wrong(index, "a number"))?;
        Ok(number)
    }

    /// A whole number that a double holds exactly; what is above, `Infinity` too, is the greatest.
    pub(crate) fn u64(&self, index: usize) -> Outcome<u64> {
        let mut number = 0.0;
        // SAFETY: as in `u32`.
        let status =
            unsafe { sys::napi_get_value_double(self.raw, self.arguments[index], &mut number) };
        check(status).map_err(|_| wrong(index, "a number"))?;
        // A cast of a float saturates.
        Ok(number as u64)
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(&self, index: usize) -> Outcome<bool> {
        Ok(self.kind(index)? == sys::ValueType::napi_null)
    }

    /// Whether it is `undefined`.
    pub(crate) fn is_undefined(&self, index: usize) -> Outcome<bool> {
        Ok(self.kind(index)? == sys::ValueType::napi_undefined)
    }

    /// Of which type it is.
    pub(crate) fn kind(&self, index: usize) -> Outcome<sys::napi_valuetype> {
        let mut kind = 0;
        // SAFETY: as in `u32`.
        check(unsafe { sys::napi_typeof(self.raw, self.arguments[index], &mut kind) })?;
        Ok(kind)
    }

    /// A boolean.
    pub(crate) fn bool(&self, index: usize) -> Outcome<bool> {
        let mut value = false;
        // SAFETY: as in `u32`.
        let status =
            unsafe { sys::napi_get_value_bool(self.raw, self.arguments[index], &mut value) };
        check(status).map_err(|_| wrong(index, "a boolean"))?;
        Ok(value)
    }
}

/// `lib/` passed something else than agreed.
pub(crate) fn wrong(index: usize, expected: &str) -> Failure {
    Failure::Throw(
        "ERR_INVALID_ARG_TYPE",
        format!("argument {index} of a native function must be {expected}"),
    )
}

/// A bound on connections is reached; nothing has changed.
pub(crate) fn too_many_connections(whose: &str) -> Failure {
    Failure::Throw(
        "ERR_WS_TOO_MANY_CONNECTIONS",
        format!("the socket could not be taken over: {whose} can carry no more connections"),
    )
}
