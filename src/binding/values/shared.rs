//! Memory that other threads of JavaScript may write to while it is read: that of a SharedArrayBuffer.
//!
//! A slice of it would be undefined behaviour, whatever is done with it. Each byte is read once, atomically, into
//! memory of our own: what is sent is then what was there at some time, and nothing is looked at twice.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// Bytes of one word.
const WORD: usize = size_of::<usize>();

/// A copy of memory that is shared.
///
/// # Safety
/// `data` is valid for reads of `length` bytes until this returns. Whoever writes to them meanwhile is no Rust code.
pub(super) unsafe fn copy(data: *mut u8, length: usize) -> Vec<u8> {
    let mut copy = Vec::with_capacity(length);
    // Up to a word's alignment, then word by word: byte by byte takes eight times as long.
    let first = data.align_offset(WORD).min(length);
    let words = (length - first) / WORD;
    // SAFETY: all that is read lies within `length`, and is aligned as its type wants it.
    unsafe {
        let byte = |at: usize| AtomicU8::from_ptr(data.add(at)).load(Ordering::Relaxed);
        let word = |at: usize| {
            AtomicUsize::from_ptr(data.add(first + at * WORD).cast()).load(Ordering::Relaxed)
        };
        copy.extend((0..first).map(byte));
        for at in 0..words {
            copy.extend_from_slice(&word(at).to_ne_bytes());
        }
        copy.extend((first + words * WORD..length).map(byte));
    }
    copy
}
