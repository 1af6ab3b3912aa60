//! Memory of large messages, kept for the next ones.
//!
//! An allocator gives large memory back to the system, and the next message pays for new pages: more
//! than to copy what it puts there.

use std::sync::Mutex;

use crate::protocol::{LARGE, MemorySource};

/// Bytes that are kept in all.
const MOST: usize = 8 * 1024 * 1024;
/// Memory may be this many times as large as what is asked for, and is given out all the same.
const WASTE: usize = 4;

/// What the process keeps: a message is received on one thread and delivered on another.
pub static KEPT: Kept = Kept(Mutex::new(Vec::new()));

/// Memory that waits for the next large message.
#[derive(Debug)]
pub struct Kept(Mutex<Vec<Vec<u8>>>);

impl MemorySource for Kept {
    /// Memory that is large enough and not much larger.
    fn take(&self, length: usize) -> Option<Vec<u8>> {
        let mut kept = self.0.lock().ok()?;
        let fits =
            |memory: &Vec<u8>| (length..=length.saturating_mul(WASTE)).contains(&memory.capacity());
        let index = kept.iter().position(fits)?;
        Some(kept.swap_remove(index))
    }

    /// Drops it where it is small, or enough is kept already.
    fn keep(&self, mut memory: Vec<u8>) {
        if memory.capacity() < LARGE {
            return;
        }
        memory.clear();
        if let Ok(mut kept) = self.0.lock() {
            let sum: usize = kept.iter().map(Vec::capacity).sum();
            if sum + memory.capacity() <= MOST {
                kept.push(memory);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_given_out_where_it_fits_and_is_bounded() {
        let memory = Kept(Mutex::default());
        let size = 5 * LARGE + 7;
        memory.keep(Vec::with_capacity(LARGE - 1));
        memory.keep([&[1; 100][..], &vec![0; size - 100]].concat());
        assert!(memory.take(size + 1).is_none(), "it is too small");
        assert!(memory.take(size / WASTE - 1).is_none(), "it is too large");
        let taken = memory.take(size - 1).unwrap();
        assert!(taken.is_empty() && taken.capacity() == size);
        assert!(memory.take(size).is_none(), "it was given out once");

        for _ in 0..3 * MOST / size {
            memory.keep(Vec::with_capacity(size));
        }
        let kept: usize = memory.0.lock().unwrap().iter().map(Vec::capacity).sum();
        assert!(MOST - size < kept && kept <= MOST);
    }
}
