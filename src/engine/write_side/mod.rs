//! The part of a connection that two threads touch: what waits to be written, and who writes it.
//!
//! | file | concept |
//! |---|---|
//! | `state` | the state that both threads see, and its lock |
//! | `descriptor` | the descriptor, for as long as a thread works with it |
//! | `writing` | who writes what waits, and when |
//! | `appending` | frames are appended, within the limit |
//! | `outbox` | frames that wait to be written, as a data structure |
//! | `socket` | the system calls |

mod appending;
mod descriptor;
pub(super) mod outbox;
pub mod socket;
mod state;
mod writing;

pub use state::{Append, WriteSide};
pub(super) use state::{Flush, NO_KEY, Thread};
