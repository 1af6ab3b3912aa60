//! The memory of Buffers, typed arrays and DataViews.

use std::borrow::Cow;
use std::ptr;

use napi::sys;

use super::super::call::arguments::{Call, wrong};
use super::super::status::{Outcome, check};
use super::shared;

/// The contents of the view at `index`: as they are, or a copy if other threads may change them meanwhile.
pub(crate) fn bytes<'a>(call: &'a Call<'_>, index: usize) -> Outcome<Cow<'a, [u8]>> {
    let (data, length) = view(call, index)?;
    if length == 0 {
        // A detached or empty one may have no memory at all.
        return Ok(Cow::Borrowed(&[]));
    }
    if is_shared(call, index) {
        // SAFETY: the view's memory is valid for `length` bytes until the call returns, and only JavaScript
        // writes to it: `change_bytes` and `fill` refuse it.
        return Ok(Cow::Owned(unsafe { shared::copy(data, length) }));
    }
    // SAFETY: the view's memory is valid for `length` bytes, and no JavaScript runs on this thread,
    // which could change, resize or detach it, until the call returns. No other thread can.
    Ok(Cow::Borrowed(unsafe {
        std::slice::from_raw_parts(data, length)
    }))
}

/// Changes the contents of the view of an ArrayBuffer at `index`; `work` must not look at any other
/// view, which could be of the same memory.
pub(crate) fn change_bytes(
    call: &Call<'_>,
    index: usize,
    work: impl FnOnce(&mut [u8]),
) -> Outcome<()> {
    let (data, length) = own(call, index)?;
    if length > 0 {
        // SAFETY: as in `bytes`; this is the only reference to that memory while `work` runs.
        work(unsafe { std::slice::from_raw_parts_mut(data, length) });
    }
    Ok(())
}

/// Writes `pieces` to the beginning of the view at `index`, one after the other, and has `work` change them there;
/// returns their length.
///
/// # Errors
/// There is no room for them, or they are of that memory themselves.
pub(crate) fn fill(
    call: &Call<'_>,
    index: usize,
    pieces: &[&[u8]],
    work: impl FnOnce(&mut [u8]),
) -> Outcome<usize> {
    let (data, room) = own(call, index)?;
    let length = pieces.iter().map(|piece| piece.len()).sum();
    let target = data as usize..data as usize + room;
    let overlaps = pieces.iter().any(|piece| {
        let start = piece.as_ptr() as usize;
        start < target.end && target.start < start + piece.len()
    });
    if length > room || overlaps {
        return Err(wrong(index, "memory of its own for the result"));
    }
    // SAFETY: as in `bytes`; the pieces lie elsewhere, so this is the only reference to that memory.
    let memory = unsafe { std::slice::from_raw_parts_mut(data, length) };
    let mut rest = &mut *memory;
    for piece in pieces {
        let (start, end) = rest.split_at_mut(piece.len());
        start.copy_from_slice(piece);
        rest = end;
    }
    work(memory);
    Ok(length)
}

/// As `view`, of memory that no other thread can see.
fn own(call: &Call<'_>, index: usize) -> Outcome<(*mut u8, usize)> {
    match is_shared(call, index) {
        true => Err(wrong(index, "memory that is not shared")),
        false => view(call, index),
    }
}

/// Whether the memory of a view is a SharedArrayBuffer's: whatever is not known to be an ArrayBuffer's counts for that.
fn is_shared(call: &Call<'_>, index: usize) -> bool {
    let (raw, value, none) = (call.raw, call.value(index), ptr::null_mut::<u8>());
    let (mut memory, mut is_array_buffer) = (ptr::null_mut(), false);
    // SAFETY: the value is an argument of the call under way; what is not asked for may be null.
    unsafe {
        let status = sys::napi_get_typedarray_info(
            raw,
            value,
            none.cast(),
            none.cast(),
            none.cast(),
            &mut memory,
            none.cast(),
        );
        if status != sys::Status::napi_ok {
            sys::napi_get_dataview_info(
                raw,
                value,
                none.cast(),
                none.cast(),
                &mut memory,
                none.cast(),
            );
        }
        if !memory.is_null() {
            sys::napi_is_arraybuffer(raw, memory, &mut is_array_buffer);
        }
    }
    !is_array_buffer
}

/// The memory of a view, and its length.
fn view(call: &Call<'_>, index: usize) -> Outcome<(*mut u8, usize)> {
    let (mut data, mut length) = (ptr::null_mut(), 0);
    // SAFETY: the value is an argument of the call under way; this fails if it is no view.
    let status =
        unsafe { sys::napi_get_buffer_info(call.raw, call.value(index), &mut data, &mut length) };
    check(status).map_err(|_| wrong(index, "a string or a view of an ArrayBuffer"))?;
    Ok((data.cast(), length))
}
