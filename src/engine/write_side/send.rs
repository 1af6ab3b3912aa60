//! A `send` that is made together with others.

use std::io;
use std::os::fd::RawFd;

/// Most that are made by one call.
pub(super) const MOST: usize = 128;

/// What is sent to one socket, and what became of it.
#[cfg_attr(
    not(all(io_uring, not(miri))),
    allow(dead_code, reason = "nobody sends them without a ring")
)]
pub(super) struct Send<'a> {
    pub(super) fd: RawFd,
    pub(super) bytes: &'a [u8],
    /// How many bytes the kernel took. `None`: it was not asked.
    pub(super) result: Option<io::Result<usize>>,
}
