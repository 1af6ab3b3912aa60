//! What drives the protocol: two transports.
//!
//! | file | concept |
//! |---|---|
//! | `batch` | what happened, for JavaScript: records, and the arena their contents lie in |
//! | `stream` | the stream transport: JavaScript moves the bytes |
//! | `memory` | memory of large messages, kept for the next ones |
//! | `slot` | the numbers of connections |
//!
//! The socket transport, where there is `cfg(sockets)`: threads that own the descriptors.
//!
//! | file | concept |
//! |---|---|
//! | `pool` | the process's shards, started at the first connection |
//! | `handle` | how other threads reach a shard |
//! | `shard` | one thread, one current-thread runtime, one table of connections |
//! | `compressed_once` | a broadcast's one compression for many connections |
//! | `readiness` | which of a shard's sockets are ready |
//! | `connection` | one connection on its shard: reading, answering, closing |
//! | `shared` | the part of a connection that both threads touch: its outbox |
//! | `outbox` | frames waiting to be written, as a data structure |
//! | `submission` | what JavaScript asks of a shard, in order |
//! | `port` | an env's mailbox: what the shards tell its JavaScript, and the doorbell |
//! | `rings` | whom a shard wakes at the end of a round |
//! | `timers` | deadlines of a shard's connections |
//! | `socket` | the system calls |
//! | `sync` | what the threads meet at: locks, atomics, wake-ups |
//! | `model` | that nothing is lost between them, in every order there is (loom) |
//!
//! A connection belongs to one shard for life, so all its state but the outbox needs no lock.

mod batch;
pub mod memory;
mod slot;
mod stream;

#[cfg(sockets)]
mod compressed_once;
#[cfg(sockets)]
mod connection;
#[cfg(sockets)]
mod handle;
#[cfg(all(sockets, test, feature = "loom"))]
mod model;
#[cfg(sockets)]
mod outbox;
#[cfg(sockets)]
mod pool;
#[cfg(sockets)]
mod port;
#[cfg(sockets)]
mod readiness;
#[cfg(sockets)]
mod rings;
#[cfg(sockets)]
mod shard;
#[cfg(sockets)]
mod shared;
#[cfg(sockets)]
pub mod socket;
#[cfg(sockets)]
mod submission;
#[cfg(sockets)]
mod sync;
#[cfg(sockets)]
mod timers;

pub use batch::{Batch, Body, Kind, Record};
pub use slot::{MAX_SLOT, NO_SLOT};
pub use stream::Stream;

#[cfg(sockets)]
pub use handle::ShardHandle;
#[cfg(sockets)]
pub use pool::{Shards, admit, shards};
#[cfg(sockets)]
pub use port::{Doorbell, Port};
#[cfg(sockets)]
pub use shared::{Append, Shared};
#[cfg(sockets)]
pub use submission::{Envelope, Frame, Submission};
