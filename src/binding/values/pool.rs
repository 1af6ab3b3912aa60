//! Memory that small Buffers share, as those of `Buffer.from` share Node's own pool.
//!
//! A Buffer takes an ArrayBuffer, and the ArrayBuffer memory of the allocator's: for a message of 64 bytes that costs
//! several times what a slice of one ArrayBuffer for many messages does. Whoever keeps one slice keeps all of that
//! memory, so it is small.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;

use napi::sys;

use super::super::status::{Outcome, check};

/// Bytes of one ArrayBuffer: those of Node's own pool (`Buffer.poolSize`) before it grew to 64 KiB.
const SIZE: usize = 8 * 1024;
/// The largest that is put there: of what is left at the end of an ArrayBuffer, not more is wasted.
pub(super) const SMALL: usize = 1024;
/// Each slice begins at a multiple of this, so that any typed array may be made of it.
const ALIGNMENT: usize = 8;

/// The pool of one env.
pub(crate) struct Pool {
    /// The ArrayBuffer that is being filled; null before the first.
    memory: Cell<sys::napi_ref>,
    /// Bytes of it that were given away.
    used: Cell<usize>,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            memory: Cell::new(ptr::null_mut()),
            used: Cell::new(0),
        }
    }
}

impl Pool {
    /// Copies at most [`SMALL`] bytes to the pool: the ArrayBuffer, and where they lie in it.
    pub(super) fn put(&self, raw: sys::napi_env, bytes: &[u8]) -> Outcome<(sys::napi_value, u32)> {
        let (mut memory, mut data, mut length) = self.current(raw)?;
        // There is none yet, or the app has detached it.
        let is_gone = length == 0;
        if is_gone || self.used.get() + bytes.len() > length {
            (memory, data) = self.renew(raw)?;
            length = SIZE;
        }
        let at = self.used.get();
        debug_assert!(at + bytes.len() <= length);
        // SAFETY: `data` is the memory of an ArrayBuffer of `length` bytes, in which there is room at `at`; no JavaScript
        // has run since that was asked for.
        unsafe {
            let target = data.cast::<u8>().add(at);
            ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len());
        }
        self.used
            .set((at + bytes.len()).next_multiple_of(ALIGNMENT));
        Ok((memory, at as u32))
    }

    /// The ArrayBuffer that is being filled, its memory and its length: none before the first.
    fn current(&self, raw: sys::napi_env) -> Outcome<(sys::napi_value, *mut c_void, usize)> {
        let (mut memory, mut data, mut length) = (ptr::null_mut(), ptr::null_mut(), 0);
        if !self.memory.get().is_null() {
            // SAFETY: on the env's thread, within a handle scope; the reference is the pool's own.
            unsafe {
                let reference = self.memory.get();
                check(sys::napi_get_reference_value(raw, reference, &mut memory))?;
                check(sys::napi_get_arraybuffer_info(
                    raw,
                    memory,
                    &mut data,
                    &mut length,
                ))?;
            }
        }
        Ok((memory, data, length))
    }

    /// Begins another ArrayBuffer: that, and its memory. The last one is its slices' from now on.
    fn renew(&self, raw: sys::napi_env) -> Outcome<(sys::napi_value, *mut c_void)> {
        let (mut memory, mut data) = (ptr::null_mut(), ptr::null_mut());
        let mut reference = ptr::null_mut();
        // SAFETY: on the env's thread, within a handle scope; the last reference is the pool's own.
        unsafe {
            check(sys::napi_create_arraybuffer(
                raw,
                SIZE,
                &mut data,
                &mut memory,
            ))?;
            check(sys::napi_create_reference(raw, memory, 1, &mut reference))?;
            let last = self.memory.replace(reference);
            if !last.is_null() {
                check(sys::napi_delete_reference(raw, last))?;
            }
        }
        self.used.set(0);
        Ok((memory, data))
    }
}
