//! The socket transport: Tokio threads that own the descriptors.
//!
//! | file | concept |
//! |---|---|
//! | `pool` | the process's shards, started at the first connection |
//! | `shard` | one thread, one current-thread runtime, one table of connections |
//! | `connection` | one connection on its shard: reading, closing, finishing |
//! | `shared` | the part of a connection that both threads touch: its outbox |
//! | `outbox` | frames waiting to be written, as a data structure |
//! | `submission` | what JavaScript asks of a shard, in order |
//! | `port` | an env's mailbox: what the shards tell its JavaScript, and the doorbell |
//! | `batch` | the records of a mailbox: an arena and what lies in it |
//! | `timers` | deadlines of a shard's connections |
//! | `socket` | the system calls |
//!
//! A connection belongs to one shard for life, so all its state but the outbox needs no lock.

mod batch;
mod connection;
mod outbox;
mod pool;
mod port;
mod shard;
mod shared;
pub mod socket;
mod submission;
mod timers;

pub use batch::{Batch, Body, Kind, Record};
pub use pool::{Shards, least_loaded, shards};
pub use port::{Doorbell, Port};
pub use shard::ShardHandle;
pub use shared::{Append, Shared};
pub use submission::{Broadcast, Envelope, Submission};
