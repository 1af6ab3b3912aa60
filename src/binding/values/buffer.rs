//! Buffers that are made here.

use std::ptr;

use napi::sys;

use super::super::status::{Outcome, check};

/// A Buffer with a copy of `bytes`.
pub(crate) fn buffer(raw: sys::napi_env, bytes: &[u8]) -> Outcome<sys::napi_value> {
    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    if bytes.len() >= crate::protocol::LARGE {
        super::trimming::put_off();
    }
    let mut value = ptr::null_mut();
    // SAFETY: on the env's thread, within a handle scope; Node-API copies `bytes`.
    check(unsafe {
        sys::napi_create_buffer_copy(
            raw,
            bytes.len(),
            bytes.as_ptr().cast(),
            ptr::null_mut(),
            &mut value,
        )
    })?;
    Ok(value)
}
