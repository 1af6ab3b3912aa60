//! The slice of time that all connections of an env share in a turn of its event loop.

use std::time::Instant;

use super::call::arguments::Call;
use super::call::results::{Returned, UNDEFINED};

/// `sliceRenew()`: the event loop has had its turn.
pub(super) fn renew(call: &Call<'_>) -> Returned {
    call.state.slice.borrow_mut().renew();
    UNDEFINED
}

/// `sliceBegin()` → whether what is delivered from here to `sliceEnd` counts by itself: if not, it does within other work.
pub(super) fn begin(call: &Call<'_>) -> Returned {
    let is_outermost = call.state.slice.borrow_mut().begin(Instant::now());
    call.boolean(is_outermost)
}

/// `sliceIsOver()` → whether the event loop is to have its turn first.
pub(super) fn is_over(call: &Call<'_>) -> Returned {
    let is_late = call.state.slice.borrow_mut().is_late(Instant::now());
    call.boolean(is_late)
}

/// `sliceEnd()`: what `sliceBegin` began ends.
pub(super) fn end(call: &Call<'_>) -> Returned {
    call.state.slice.borrow_mut().end(Instant::now());
    UNDEFINED
}
