//! The allocator's memory of large Buffers, kept for the next ones.
//!
//! Node allocates a Buffer's memory by `malloc`, and V8 frees it after a collection, that of many Buffers at
//! once. What is free at the top of a heap glibc gives back to the system once it is more than a threshold:
//! twice the largest memory that was ever freed and had a mapping of its own, but no more than 64 MiB
//! (`mallopt(3)`, `M_MMAP_THRESHOLD`: it is dynamic). If no message was larger than 1 MiB, that is 2 MiB. So
//! each collection gives away what the next Buffers need, and new pages take longer than all else about such
//! a message.

use std::hint::black_box;
use std::sync::Once;

/// The largest that glibc learns from (`DEFAULT_MMAP_THRESHOLD_MAX`), but for a page of its own.
const LARGEST: usize = 32 * 1024 * 1024 - 8 * 1024;

/// Has glibc keep less than 64 MiB in each of its arenas, of which a thread uses one, as it would after a
/// Buffer of 32 MiB had come and gone. If the process's environment sets a threshold
/// (`MALLOC_TRIM_THRESHOLD_` and others), glibc goes by that.
pub(super) fn put_off() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut unused = Vec::<u8>::new();
        // Nothing is written to it, so it takes no memory. If there is none, all stays as it was.
        if unused.try_reserve_exact(LARGEST).is_ok() {
            drop(black_box(unused));
        }
    });
}
