//! Where the memory of large messages comes from, and where it goes back to.

use std::fmt;
use std::ptr;

/// Memory of this many bytes or more is asked of a [`MemorySource`]; less is the allocator's.
pub const LARGE: usize = 64 * 1024;

/// Keeps the memory of large messages for the next ones. The driver gives back what it has delivered.
pub trait MemorySource: fmt::Debug + Sync {
    /// Empty memory for `length` bytes or more, if there is some to spare.
    fn take(&self, length: usize) -> Option<Vec<u8>>;

    /// Takes back memory that is not needed any more; its contents are of no use.
    fn keep(&self, memory: Vec<u8>);
}

/// The source that a connection's driver has chosen. Default: none, all memory is the allocator's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory(Option<&'static dyn MemorySource>);

impl Memory {
    /// Memory of this source.
    #[must_use]
    pub const fn of(source: &'static dyn MemorySource) -> Self {
        Self(Some(source))
    }

    /// As [`MemorySource::take`], of nothing but large memory.
    pub(crate) fn take(self, length: usize) -> Option<Vec<u8>> {
        self.0.filter(|_| length >= LARGE)?.take(length)
    }

    /// As [`MemorySource::keep`].
    pub(crate) fn keep(self, memory: Vec<u8>) {
        if let Some(source) = self.0 {
            source.keep(memory);
        }
    }
}

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Some(ours), Some(theirs)) => ptr::addr_eq(ours, theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        }
    }
}

impl Eq for Memory {}
