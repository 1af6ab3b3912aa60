//! What Node-API calls for a function that JavaScript calls.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::sys;

use super::super::env::EnvState;
use super::super::status::{Failure, check};
use super::arguments::Call;
use super::results::Returned;

/// A function that `lib/` can call.
pub(crate) type Function = fn(&Call<'_>) -> Returned;

/// What Node-API calls for each of [`Function`]s; `F` says which, by type, and `N` how many arguments it
/// takes: Node-API fills in what was not given, one by one.
pub(crate) unsafe extern "C" fn trampoline<F: Entry, const N: usize>(
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
pub(crate) trait Entry {
    /// The function.
    const FUNCTION: Function;
}

/// Throws an `Error` with this code.
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
