//! The part of a connection that two threads touch: what waits to be written, and who writes it.
//!
//! | file | concept |
//! |---|---|
//! | `state` | the state that both threads see, and its lock |
//! | `descriptor` | the descriptor, for as long as a thread works with it |
//! | `writing` | who writes what waits, and when |
//! | `sweep` | what waits for several connections is written together |
//! | `load` | what one write is to send |
//! | `ring` | one system call for that, if the system allows it |
//! | `uring` | that call: Linux's io_uring |
//! | `send` | one of the writes that it makes |
//! | `securing` | what waits is encrypted, and written |
//! | `appending` | frames are appended, within the limit |
//! | `outbox` | frames that wait to be written, as a data structure |
//! | `socket` | the system calls |

mod appending;
mod descriptor;
mod load;
pub(super) mod outbox;
mod ring;
mod securing;
mod send;
pub mod socket;
mod state;
mod sweep;
#[cfg(all(io_uring, not(miri)))]
mod uring;
mod writing;

pub use securing::write_first_secured;
pub(super) use securing::write_unsent;
pub use state::{Append, Handshake, WriteSide};
pub(super) use state::{Flush, NO_KEY, Thread};
pub(super) use sweep::Sweep;
