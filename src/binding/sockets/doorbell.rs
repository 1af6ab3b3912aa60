//! The ThreadsafeFunction that a shard rings.

use std::ffi::{CStr, c_void};
use std::ptr;

use napi::sys;

use super::super::status::{Outcome, check, guarded};
use crate::engine::Doorbell;

/// What a doorbell rings at.
pub(crate) trait Rung {
    /// The bell was rung, once or several times: called on the env's own thread.
    fn rung(&self, raw: sys::napi_env);
}

/// What diagnostic tools of Node call the function.
const NAME: &CStr = c"websockets";

/// Makes an env's JavaScript thread drain its mailbox.
#[derive(Clone, Copy)]
pub(crate) struct Bell(sys::napi_threadsafe_function);

// SAFETY: a ThreadsafeFunction is made to be called from any thread. `Mailbox::detach` sees to it
// that nobody does once the env ends.
unsafe impl Send for Bell {}

impl Doorbell for Bell {
    fn ring(&self) {
        // SAFETY: the function lives: see above. A refusal means that the env is closing:
        // nobody is left to wake.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }
}

impl Bell {
    /// A doorbell of this env, with its asynchronous resource. It takes `state` over, and frees it when the env has
    /// ended.
    ///
    /// # Safety
    /// `state` comes from `Box::into_raw`.
    pub(crate) unsafe fn new<T: Rung>(
        raw: sys::napi_env,
        resource: sys::napi_value,
        state: *mut T,
    ) -> Outcome<Self> {
        let mut name = ptr::null_mut();
        let mut function = ptr::null_mut();
        // SAFETY: `raw` is the env of the call under way; `state` outlives the function, whose
        // finalizer frees it.
        unsafe {
            let length = NAME.to_bytes().len() as isize;
            check(sys::napi_create_string_utf8(
                raw,
                NAME.as_ptr(),
                length,
                &mut name,
            ))?;
            check(sys::napi_create_threadsafe_function(
                raw,
                ptr::null_mut(),
                resource,
                name,
                0,
                1,
                state.cast(),
                Some(free::<T>),
                state.cast(),
                Some(answer::<T>),
                &mut function,
            ))?;
            // Until there are connections, it keeps nothing alive.
            check(sys::napi_unref_threadsafe_function(raw, function))?;
        }
        Ok(Self(function))
    }

    /// Whether it keeps the event loop alive. On the JavaScript thread only.
    pub(crate) fn keep_alive(self, raw: sys::napi_env, on: bool) {
        // SAFETY: called on the env's own thread, while the env lives. It does not fail then.
        unsafe {
            if on {
                sys::napi_ref_threadsafe_function(raw, self.0);
            } else {
                sys::napi_unref_threadsafe_function(raw, self.0);
            }
        }
    }
}

/// Called on the env's own thread once the bell was rung.
unsafe extern "C" fn answer<T: Rung>(
    raw: sys::napi_env,
    _function: sys::napi_value,
    context: *mut c_void,
    _data: *mut c_void,
) {
    // No env: it is being torn down, and what is left in the queue is only thrown away.
    if !raw.is_null() {
        // SAFETY: the context is the state given to `new`, freed by `free` alone.
        let state = unsafe { &*context.cast::<T>() };
        guarded(|| state.rung(raw));
    }
}

/// The env has ended: nothing refers to its state any more.
unsafe extern "C" fn free<T>(_raw: sys::napi_env, state: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `new` took the box over; Node-API finalizes once.
    let state = unsafe { Box::from_raw(state.cast::<T>()) };
    guarded(|| drop(state));
}
