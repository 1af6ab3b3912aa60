//! One raw Node-API call: its arguments, its errors.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::sys;

use super::env::EnvState;
use super::status::{Failure, Outcome, check};

/// A call from JavaScript.
pub(super) struct Call<'a> {
    pub(super) raw: sys::napi_env,
    pub(super) state: &'a EnvState,
    arguments: &'a [sys::napi_value],
}

impl Call<'_> {
    /// The argument at `index`, of as many as the function takes; `undefined` where fewer were given.
    pub(super) fn value(&self, index: usize) -> sys::napi_value {
        self.arguments[index]
    }

    /// A number from 0 to 2³² − 1.
    pub(super) fn u32(&self, index: usize) -> Outcome<u32> {
        let mut number = 0;
        // SAFETY: `raw` is the env of this call, the value one of its arguments.
        let status =
            unsafe { sys::napi_get_value_uint32(self.raw, self.arguments[index], &mut number) };
        check(status).map_err(|_| wrong(index, "a number"))?;
        Ok(number)
    }

    /// A whole number that a double holds exactly; what is above, `Infinity` too, is the greatest.
    pub(super) fn u64(&self, index: usize) -> Outcome<u64> {
        let mut number = 0.0;
        // SAFETY: as in `u32`.
        let status =
            unsafe { sys::napi_get_value_double(self.raw, self.arguments[index], &mut number) };
        check(status).map_err(|_| wrong(index, "a number"))?;
        // A cast of a float saturates.
        Ok(number as u64)
    }

    /// A boolean.
    pub(super) fn bool(&self, index: usize) -> Outcome<bool> {
        let mut value = false;
        // SAFETY: as in `u32`.
        let status =
            unsafe { sys::napi_get_value_bool(self.raw, self.arguments[index], &mut value) };
        check(status).map_err(|_| wrong(index, "a boolean"))?;
        Ok(value)
    }

    /// A function that makes the results below.
    pub(super) fn number(&self, number: f64) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: `raw` is the env of this call.
        check(unsafe { sys::napi_create_double(self.raw, number, &mut value) })?;
        Ok(value)
    }

    pub(super) fn numbers(&self, numbers: &[f64]) -> Outcome<sys::napi_value> {
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

    pub(super) fn string(&self, text: &str) -> Outcome<sys::napi_value> {
        let (mut value, data) = (ptr::null_mut(), text.as_ptr().cast());
        let length = isize::try_from(text.len()).unwrap_or(isize::MAX);
        // SAFETY: `raw` is the env of this call, the text valid for its length.
        check(unsafe { sys::napi_create_string_utf8(self.raw, data, length, &mut value) })?;
        Ok(value)
    }

    pub(super) fn boolean(&self, boolean: bool) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: `raw` is the env of this call.
        check(unsafe { sys::napi_get_boolean(self.raw, boolean, &mut value) })?;
        Ok(value)
    }
}

/// `lib/` passed something else than agreed.
pub(super) fn wrong(index: usize, expected: &str) -> Failure {
    Failure::Throw(
        "ERR_INVALID_ARG_TYPE",
        format!("argument {index} of a native function must be {expected}"),
    )
}

/// A bound on connections is reached; nothing has changed.
pub(super) fn too_many_connections(whose: &str) -> Failure {
    Failure::Throw(
        "ERR_WS_TOO_MANY_CONNECTIONS",
        format!("the socket could not be taken over: {whose} can carry no more connections"),
    )
}

/// Keeps the argument at `index` for as long as the env lives.
pub(super) fn reference(call: &Call<'_>, index: usize) -> Outcome<sys::napi_ref> {
    let mut reference = ptr::null_mut();
    // SAFETY: the value is an argument of the call under way.
    check(unsafe { sys::napi_create_reference(call.raw, call.value(index), 1, &mut reference) })?;
    Ok(reference)
}

/// The result of a function that returns nothing.
pub(super) const UNDEFINED: Outcome<sys::napi_value> = Ok(ptr::null_mut());

/// A function that `lib/` can call.
pub(super) type Function = fn(&Call<'_>) -> Outcome<sys::napi_value>;

/// What Node-API calls for each of [`Function`]s; `F` says which, by type, and `N` how many arguments it
/// takes: Node-API fills in what was not given, one by one.
pub(super) unsafe extern "C" fn trampoline<F: Entry, const N: usize>(
    raw: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // A panic must not cross into C++.
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut arguments = [ptr::null_mut(); N];
        let mut count = N;
        let mut data: *mut c_void = ptr::null_mut();
        // SAFETY: Node-API calls this with a valid env and info; `arguments` has room for `count`,
        // and Node-API fills what was not given with `undefined`.
        check(unsafe {
            sys::napi_get_cb_info(
                raw,
                info,
                &mut count,
                arguments.as_mut_ptr(),
                ptr::null_mut(),
                &mut data,
            )
        })?;
        // SAFETY: `exports` registered each function with its env's state, which lives until the
        // env is torn down, when no JavaScript runs any more.
        let state = unsafe { &*data.cast::<EnvState>() };
        let call = Call {
            raw,
            state,
            arguments: &arguments,
        };
        F::FUNCTION(&call)
    }));
    let failure = match result {
        Ok(Ok(value)) => return value,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::Throw("ERR_INTERNAL_ASSERTION", "the native part panicked".into()),
    };
    if let Failure::Throw(code, message) = failure {
        throw(raw, code, &message);
    }
    ptr::null_mut()
}

/// Names a [`Function`] by a type, so that each has a callback of its own.
pub(super) trait Entry {
    const FUNCTION: Function;
}

fn throw(raw: sys::napi_env, code: &str, message: &str) {
    let (mut code_value, mut text, mut error) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the strings are valid for their lengths, `raw` is the env of the call under way. A
    // status that is not ok leaves an exception pending, or an env that runs no JavaScript.
    unsafe {
        let string = |text: &str, into: &mut sys::napi_value| {
            let length = isize::try_from(text.len()).unwrap_or(isize::MAX);
            sys::napi_create_string_utf8(raw, text.as_ptr().cast(), length, into)
        };
        if string(code, &mut code_value) == sys::Status::napi_ok
            && string(message, &mut text) == sys::Status::napi_ok
            && sys::napi_create_error(raw, code_value, text, &mut error) == sys::Status::napi_ok
        {
            sys::napi_throw(raw, error);
        }
    }
}
