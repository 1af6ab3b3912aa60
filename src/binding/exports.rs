//! The private functions that `lib/` calls, by name.

use std::ffi::CStr;
use std::ptr;

use napi::bindgen_prelude::Object;
use napi::{Env, Error, JsValue, Result, Status, sys};
use napi_derive::napi;

use super::call::{Entry, Function, trampoline};
use super::commands;
use super::env::EnvState;

/// Registers each function under its name.
macro_rules! functions {
    ($($name:literal => $function:path),* $(,)?) => {
        const FUNCTIONS: &[(&CStr, sys::napi_callback)] = &[$({
            struct This;
            impl Entry for This {
                const FUNCTION: Function = $function;
            }
            ($name, Some(trampoline::<This>))
        }),*];
    };
}

functions! {
    c"attach" => commands::attach,
    c"newBase" => commands::new_base,
    c"open" => commands::open,
    c"start" => commands::start,
    c"frame" => commands::frame,
    c"frames" => commands::frames,
    c"broadcast" => commands::broadcast,
    c"close" => commands::close,
    c"terminate" => commands::terminate,
    c"pause" => commands::pause,
    c"flush" => commands::flush,
    c"drain" => commands::drain_on,
    c"leave" => commands::leave,
    c"buffered" => commands::buffered,
    c"bytesRead" => commands::bytes_read,
    c"bytesWritten" => commands::bytes_written,
    c"setNoDelay" => commands::set_no_delay,
    c"setKeepAlive" => commands::set_keep_alive,
    c"setRef" => commands::set_ref,
    c"ioThreads" => commands::io_threads,
}

/// Runs once per env that loads the addon.
#[napi(module_exports)]
pub fn register(exports: Object, env: Env) -> Result<()> {
    let failed = |_| Error::new(Status::GenericFailure, "the addon could not be set up");
    let state = EnvState::install(env.raw()).map_err(failed)?;
    for (name, callback) in FUNCTIONS {
        let mut function = ptr::null_mut();
        // SAFETY: the name is NUL-terminated; the state outlives every call from JavaScript.
        let status = unsafe {
            sys::napi_create_function(
                env.raw(),
                name.as_ptr(),
                name.to_bytes().len() as isize,
                *callback,
                state.cast(),
                &mut function,
            )
        };
        if status != sys::Status::napi_ok {
            return Err(Error::new(Status::from(status), "no function was made"));
        }
        // SAFETY: both are objects of this env.
        let status = unsafe {
            sys::napi_set_named_property(env.raw(), exports.raw(), name.as_ptr(), function)
        };
        if status != sys::Status::napi_ok {
            return Err(Error::new(Status::from(status), "no function was exported"));
        }
    }
    Ok(())
}
