//! How Node-API's calls end, and ours.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::sys;

/// Why a call failed.
pub(crate) enum Failure {
    /// A JavaScript exception is pending, or the env can run no more JavaScript.
    Pending,
    /// An `Error` with this code and message is to be thrown.
    Throw(&'static str, String),
}

/// What a call came to.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Turns a status into a result; if there is an exception, it is pending already.
pub(crate) fn check(status: sys::napi_status) -> Outcome<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Failure::Pending)
    }
}

/// Runs what Node-API calls outside of any call from JavaScript: a panic must not cross into C++,
/// and there is nobody to report it to.
pub(crate) fn guarded(work: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(work));
}
