//! What AddressSanitizer has to find as soon as this library is loaded: `address.js` sees by it that it is at work.

use std::hint::black_box;

extern "C" fn fault() {
    let place = black_box(Box::into_raw(Box::new(1u8)));
    // SAFETY: `place` comes from `Box::into_raw`.
    drop(unsafe { Box::from_raw(place) });
    // SAFETY: none; this is the fault.
    black_box(unsafe { place.read_volatile() });
}

#[used]
// SAFETY: what the section holds are functions that are called without arguments.
#[unsafe(link_section = ".init_array")]
static WHEN_LOADED: extern "C" fn() = fault;
