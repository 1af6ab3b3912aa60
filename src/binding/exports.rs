//! The private functions that `lib/` calls, by name.

use std::ffi::CStr;
use std::ptr;

use napi::bindgen_prelude::Object;
use napi::{Env, Error, JsValue, Result, Status, sys};
use napi_derive::napi;

use super::call::trampoline::{Entry, Function, trampoline};
use super::env::EnvState;
#[cfg(sockets)]
use super::sockets::{commands, door, raw};
use super::status::{Outcome, check};
use super::{constants, deflate, frames, slice, streams};

/// Names functions, each with the number of its arguments: `LIST: name / arguments => function`.
macro_rules! functions {
    ($list:ident: $($name:literal / $arguments:literal => $function:path),* $(,)?) => {
        const $list: &[(&CStr, sys::napi_callback)] = &[$({
            struct This;
            impl Entry for This {
                const FUNCTION: Function = $function;
            }
            ($name, Some(trampoline::<This, $arguments>))
        }),*];
    };
}

functions! { STREAMS:
    c"attachStreams" / 2 => streams::attach,
    c"streamTurns" / 1 => streams::turns,
    c"streamHangUp" / 1 => streams::hang_up,
    c"streamOpen" / 4 => streams::open,
    c"streamBegin" / 1 => streams::begin,
    c"streamReceive" / 3 => streams::receive,
    c"streamTake" / 3 => streams::take,
    c"streamEnd" / 3 => streams::end,
    c"streamBreak" / 2 => streams::break_off,
    c"streamLose" / 2 => streams::lose,
    c"streamQueue" / 2 => streams::queue,
    c"streamAwaitDrain" / 2 => streams::await_drain,
    c"streamWritten" / 1 => streams::written,
    c"streamMaySend" / 3 => streams::may_send,
    c"streamFinished" / 1 => streams::finished,
    c"streamTerminate" / 2 => streams::terminate,
    c"streamOverflow" / 1 => streams::overflow,
    c"streamIsDropped" / 1 => streams::is_dropped,
    c"streamFill" / 2 => streams::fill,
    c"streamReleaseClosingAnswer" / 1 => streams::release_closing_answer,
    c"streamClose" / 4 => streams::close,
    c"streamFire" / 4 => streams::fire,
    c"streamPause" / 3 => streams::pause,
    c"streamSetMaxPayload" / 2 => streams::set_max_payload,
    c"streamDeadline" / 1 => streams::deadline,
    c"streamIsPaused" / 1 => streams::is_paused,
    c"streamPinged" / 1 => streams::pinged,
    c"streamMessage" / 5 => streams::message,
    c"streamCompress" / 2 => streams::compress,
    c"streamFragment" / 6 => streams::one_fragment,
    c"streamForget" / 1 => streams::forget,
    c"streamMiss" / 4 => streams::miss,
    c"streamInflate" / 4 => streams::inflate,
}

functions! { SHARED:
    c"sliceRenew" / 0 => slice::renew,
    c"sliceBegin" / 0 => slice::begin,
    c"sliceIsOver" / 0 => slice::is_over,
    c"sliceEnd" / 0 => slice::end,
    c"deflateMemory" / 2 => deflate::memory,
    c"deflateProblem" / 1 => deflate::problem,
    c"encode" / 4 => frames::encode,
    c"encodeFrame" / 8 => frames::encode_frame,
    c"checkHeader" / 3 => frames::check_header,
    c"parseHeader" / 1 => frames::parse_header,
    c"frameSize" / 2 => frames::frame_size,
    c"applyMask" / 2 => frames::apply_mask,
    c"largestCompressed" / 1 => frames::largest,
}

#[cfg(sockets)]
functions! { SOCKETS:
    c"attach" / 3 => commands::attach,
    c"setLeader" / 1 => commands::set_leader,
    c"leads" / 0 => commands::leads,
    c"leaderChanges" / 0 => commands::leader_changes,
    c"open" / 4 => commands::open,
    c"start" / 2 => commands::start,
    c"frame" / 2 => commands::frame,
    c"again" / 2 => commands::again,
    c"frames" / 5 => commands::frames,
    c"publish" / 7 => commands::publish,
    c"subscribe" / 2 => commands::subscribe,
    c"unsubscribe" / 2 => commands::unsubscribe,
    c"skipped" / 1 => commands::skipped,
    c"close" / 3 => commands::close,
    c"releaseClosingAnswer" / 1 => commands::release_closing_answer,
    c"terminate" / 1 => commands::terminate,
    c"pause" / 2 => commands::pause,
    c"setMaxPayload" / 2 => commands::set_max_payload,
    c"flush" / 0 => commands::flush,
    c"drain" / 0 => commands::drain_on,
    c"leave" / 0 => commands::leave,
    c"buffered" / 1 => commands::buffered,
    c"askDrain" / 1 => commands::ask_drain,
    c"awaitDrain" / 1 => commands::await_drain,
    c"sendEncoded" / 2 => commands::send_frames,
    c"sendFragment" / 6 => commands::send_fragment,
    c"awaitsDrain" / 1 => commands::awaits_drain,
    c"isDropped" / 1 => commands::is_dropped,
    c"bytesRead" / 1 => commands::bytes_read,
    c"bytesWritten" / 1 => commands::bytes_written,
    c"setNoDelay" / 2 => commands::set_no_delay,
    c"setKeepAlive" / 5 => commands::set_keep_alive,
    c"setRef" / 2 => commands::set_ref,
    c"isHungUp" / 1 => commands::is_hung_up,
    c"ioThreads" / 0 => commands::io_threads,
    c"secureContext" / 12 => raw::secure_context,
    c"forgetContext" / 1 => raw::forget_context,
    c"openRaw" / 2 => raw::open_raw,
    c"openOver" / 4 => raw::open_over,
    c"openDoor" / 3 => door::open_door,
    c"closeDoor" / 1 => door::close_door,
    c"dropSilent" / 1 => door::drop_silent,
    c"secureDoor" / 2 => door::secure_door,
    c"readHeads" / 2 => door::read_heads,
    c"forgetDoor" / 1 => door::forget_door,
    c"socketFacts" / 1 => door::socket_facts,
    c"openArrived" / 6 => door::open_arrived,
    c"openArrivedRaw" / 2 => door::open_arrived_raw,
    c"lendArrived" / 2 => door::lend_arrived,
    c"settleArrived" / 2 => door::settle_arrived,
    c"change" / 3 => raw::change,
    c"secure" / 2 => raw::secure,
    c"stop" / 1 => raw::stop,
    c"endWrites" / 1 => raw::end_writes,
    c"secureFacts" / 1 => raw::secure_facts,
    c"ownCertificate" / 1 => raw::own_certificate,
}

#[cfg(x509)]
functions! { CLIENTS:
    c"clientContext" / 5 => raw::client_context,
    c"forgetClientContext" / 1 => raw::forget_client_context,
    c"openSecured" / 3 => raw::open_secured,
    c"peerCertificates" / 1 => raw::peer_certificates,
}

/// Where certificates cannot be verified, there is nothing for clients.
#[cfg(not(x509))]
const CLIENTS: &[(&CStr, sys::napi_callback)] = &[];

/// Without sockets there is nothing more.
#[cfg(not(sockets))]
const SOCKETS: &[(&CStr, sys::napi_callback)] = &[];

#[cfg(sockets)]
functions! { RESOURCE:
    c"hasRef" / 0 => commands::has_ref,
}

/// The doorbell's asynchronous resource: tools that look for open handles, such as Jest's, ask its `hasRef()`.
#[cfg(sockets)]
fn doorbell_resource(raw: sys::napi_env, state: *mut EnvState) -> Outcome<sys::napi_value> {
    let mut resource = ptr::null_mut();
    // SAFETY: `raw` is the env of the call under way.
    check(unsafe { sys::napi_create_object(raw, &mut resource) })?;
    define(raw, resource, RESOURCE, state)?;
    Ok(resource)
}

/// Gives an object functions; `state` outlives every call of them.
fn define(
    raw: sys::napi_env,
    object: sys::napi_value,
    functions: &[(&CStr, sys::napi_callback)],
    state: *mut EnvState,
) -> Outcome<()> {
    for (name, callback) in functions {
        let mut function = ptr::null_mut();
        // SAFETY: the name is NUL-terminated, the object is of this env; the state outlives every call
        // from JavaScript.
        unsafe {
            check(sys::napi_create_function(
                raw,
                name.as_ptr(),
                name.to_bytes().len() as isize,
                *callback,
                state.cast(),
                &mut function,
            ))?;
            check(sys::napi_set_named_property(
                raw,
                object,
                name.as_ptr(),
                function,
            ))?;
        }
    }
    Ok(())
}

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
    #[cfg(sockets)]
    let state = EnvState::install(env.raw(), doorbell_resource).map_err(failed)?;
    #[cfg(not(sockets))]
    let state = EnvState::install(env.raw()).map_err(failed)?;
    constants::install(env.raw(), exports.raw()).map_err(failed)?;
    for functions in [SHARED, STREAMS, SOCKETS, CLIENTS] {
        define(env.raw(), exports.raw(), functions, state).map_err(failed)?;
    }
    Ok(())
}
