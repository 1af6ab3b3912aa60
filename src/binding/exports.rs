//! The private functions that `lib/` calls, by name.

use std::ffi::CStr;
use std::ptr;

use napi::bindgen_prelude::Object;
use napi::{Env, Error, JsValue, Result, Status, sys};
use napi_derive::napi;

use super::call::{Entry, Function, trampoline};
#[cfg(sockets)]
use super::commands;
use super::env::EnvState;
use super::streams;

/// Names functions: `LIST of [name => function]`.
macro_rules! functions {
    ($list:ident: $($name:literal => $function:path),* $(,)?) => {
        const $list: &[(&CStr, sys::napi_callback)] = &[$({
            struct This;
            impl Entry for This {
                const FUNCTION: Function = $function;
            }
            ($name, Some(trampoline::<This>))
        }),*];
    };
}

functions! { STREAMS:
    c"attachStreams" => streams::attach,
    c"streamOpen" => streams::open,
    c"streamReceive" => streams::receive,
    c"streamRelieve" => streams::relieve,
    c"streamClose" => streams::close,
    c"streamLose" => streams::lose,
    c"streamFire" => streams::fire,
    c"streamPause" => streams::pause,
    c"streamDeadline" => streams::deadline,
    c"streamIsDraining" => streams::is_draining,
    c"streamPinged" => streams::pinged,
    c"streamMessage" => streams::message,
    c"streamCompress" => streams::compress,
    c"streamForget" => streams::forget,
    c"streamMiss" => streams::miss,
    c"streamInflate" => streams::inflate,
    c"deflateMemory" => streams::deflate_memory,
    c"deflateProblem" => streams::deflate_problem,
    c"encode" => streams::encode,
    c"parseHeader" => streams::parse_header,
    c"applyMask" => streams::apply_mask,
}

#[cfg(sockets)]
functions! { SOCKETS:
    c"attach" => commands::attach,
    c"open" => commands::open,
    c"start" => commands::start,
    c"frame" => commands::frame,
    c"frames" => commands::frames,
    c"broadcast" => commands::broadcast,
    c"close" => commands::close,
    c"part" => commands::part,
    c"terminate" => commands::terminate,
    c"pause" => commands::pause,
    c"flush" => commands::flush,
    c"drain" => commands::drain_on,
    c"leave" => commands::leave,
    c"buffered" => commands::buffered,
    c"awaitsDrain" => commands::awaits_drain,
    c"overflow" => commands::overflow,
    c"bytesRead" => commands::bytes_read,
    c"bytesWritten" => commands::bytes_written,
    c"setNoDelay" => commands::set_no_delay,
    c"setKeepAlive" => commands::set_keep_alive,
    c"setRef" => commands::set_ref,
    c"isHungUp" => commands::is_hung_up,
    c"ioThreads" => commands::io_threads,
}

/// Without sockets there is nothing more.
#[cfg(not(sockets))]
const SOCKETS: &[(&CStr, sys::napi_callback)] = &[];

/// The version that this binary was built as: `lib/` takes no other than its own.
#[napi]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Runs once per env that loads the addon.
#[napi(module_exports)]
pub fn register(exports: Object, env: Env) -> Result<()> {
    let failed = |_| Error::new(Status::GenericFailure, "the addon could not be set up");
    let state = EnvState::install(env.raw()).map_err(failed)?;
    for (name, callback) in STREAMS.iter().chain(SOCKETS) {
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
