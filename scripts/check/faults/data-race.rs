//! What ThreadSanitizer has to find: `thread.js` sees by it that it is at work.

use std::cell::UnsafeCell;
use std::thread;

struct Racy(UnsafeCell<u64>);

// SAFETY: none; this is the fault.
unsafe impl Sync for Racy {}

static PLACE: Racy = Racy(UnsafeCell::new(0));

fn fault() {
    for _ in 0..1000 {
        // SAFETY: none; this is the fault.
        unsafe { PLACE.0.get().write_volatile(PLACE.0.get().read_volatile() + 1) };
    }
}

fn main() {
    let other = thread::spawn(fault);
    fault();
    other.join().expect("it does not panic");
}
