//! Memory of large messages, kept for the next ones.
//!
//! An allocator gives large memory back to the system, and the next message pays for new pages: more
//! than to copy what it puts there.

use std::sync::Mutex;

/// Memory from here on is kept; smaller ones the allocator keeps itself.
pub const LARGE: usize = 64 * 1024;
/// Bytes that are kept in all.
const MOST: usize = 8 * 1024 * 1024;
/// Memory may be this many times as large as what is asked for, and is given out all the same.
const WASTE: usize = 4;

static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Empty memory for `length` bytes or more, if some was kept that is not much larger.
#[must_use]
pub fn take(length: usize) -> Option<Vec<u8>> {
    let mut kept = KEPT.lock().ok()?;
    let fits =
        |memory: &Vec<u8>| (length..=length.saturating_mul(WASTE)).contains(&memory.capacity());
    let index = kept.iter().position(fits)?;
    Some(kept.swap_remove(index))
}

/// Keeps memory for the next, unless enough is kept already.
pub fn keep(mut memory: Vec<u8>) {
    if memory.capacity() < LARGE {
        return;
    }
    memory.clear();
    if let Ok(mut kept) = KEPT.lock() {
        let sum: usize = kept.iter().map(Vec::capacity).sum();
        if sum + memory.capacity() <= MOST {
            kept.push(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, because what is kept is the process's.
    #[test]
    fn what_is_kept_is_given_out_where_it_fits_and_is_bounded() {
        // Odd sizes, which no message of another test has.
        let size = 5 * LARGE + 7;
        keep(Vec::with_capacity(LARGE - 1));
        keep([&[1; 100][..], &vec![0; size - 100]].concat());
        assert!(take(size + 1).is_none(), "it is too small");
        assert!(take(size / WASTE - 1).is_none(), "it is too large");
        let memory = take(size - 1).unwrap();
        assert!(memory.is_empty() && memory.capacity() == size);
        assert!(take(size).is_none(), "it was given out once");

        for _ in 0..3 * MOST / size {
            keep(Vec::with_capacity(size));
        }
        let kept: usize = KEPT.lock().unwrap().iter().map(Vec::capacity).sum();
        assert!(MOST - size < kept && kept <= MOST);
    }
}
