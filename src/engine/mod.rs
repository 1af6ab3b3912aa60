//! What drives the protocol: a session has the rules, and two transports move its bytes.
//!
//! | file | concept |
//! |---|---|
//! | `session` | the rules of a connection's life, whichever transport moves its bytes |
//! | `backlog` | the rules of what waits to be written |
//! | `batch` | what happened, for JavaScript: records, and the arena their contents lie in |
//! | `stream` | the stream transport: JavaScript moves the bytes |
//! | `slice` | how long an env's connections are delivered of in a turn of its event loop |
//! | `row` | who waits for a turn, in order |
//! | `memory` | memory of large messages, kept for the next ones |
//! | `utf16` | text as UTF-16 |
//! | `slot` | the numbers of connections |
//!
//! The socket transport, with `cfg(sockets)`: threads that own the descriptors.
//!
//! | file or folder | concept |
//! |---|---|
//! | `shard` | one thread, one current-thread runtime, one table of connections |
//! | `connection` | one connection on its shard: reading, answering, closing |
//! | `context` | what a connection uses of its shard: which sockets are ready, deadlines, buffers |
//! | `write_side` | the part of a connection that both threads touch: its outbox |
//! | `mailbox` | what the shards report to an env, and its doorbell |
//! | `aside` | records of connections that are paused |
//! | `command` | what JavaScript asks of a shard, in order |
//! | `gate` | who runs the rounds of a shard |
//! | `handle` | how other threads reach a shard |
//! | `policy` | when a JavaScript thread leads, and when it gives the lead back |
//! | `tls` | TLS records, contexts and certificates |
//! | `one_at_a_time` | work that must not begin again before it is over |
//! | `undelivered` | how much was recorded and not delivered yet, and who waits for that |
//! | `sync` | what the threads meet at: locks, atomics, wake-ups |
//! | `loom` | that nothing is lost between them, in every order there is |
//!
//! A connection belongs to one shard for life, so all its state but the write side needs no lock. The state of
//! a shard refers to connections by their keys, so that all of it may move to another thread.
//!
//! Imports go one way, down these lists.

mod backlog;
mod batch;
pub mod memory;
mod row;
mod session;
mod slice;
mod slot;
mod stream;
mod utf16;

#[cfg(sockets)]
mod aside;
#[cfg(sockets)]
mod command;
#[cfg(sockets)]
mod connection;
#[cfg(sockets)]
mod context;
#[cfg(sockets)]
mod door;
#[cfg(sockets)]
mod gate;
#[cfg(sockets)]
mod handle;
#[cfg(all(sockets, test, feature = "loom"))]
mod loom;
#[cfg(sockets)]
mod mailbox;
#[cfg(sockets)]
mod one_at_a_time;
#[cfg(sockets)]
mod policy;
#[cfg(sockets)]
mod shard;
#[cfg(sockets)]
mod sync;
#[cfg(sockets)]
pub mod tls;
#[cfg(sockets)]
mod undelivered;
#[cfg(sockets)]
mod write_side;

pub use backlog::{Backlog, HIGH_MARK, Overflow};
pub use batch::{BEGUN, Batch, Body, End, Kind, Record, SECURED};
pub use row::{Making, Row};
pub use session::{Brought, Pressure, Session};
pub use slice::Slice;
pub use slot::{MAX_SLOT, NO_SLOT};
pub use stream::Stream;

#[cfg(sockets)]
pub use aside::{Aside, Turned};
#[cfg(sockets)]
pub use command::{Command, Envelope, Fragments, Frame, Publish};
#[cfg(sockets)]
pub use door::{Arrived, Door, number_of};
#[cfg(sockets)]
pub use handle::ShardHandle;
#[cfg(sockets)]
pub use mailbox::{Doorbell, Mailbox};
#[cfg(sockets)]
pub use one_at_a_time::{OneAtATime, UnderWay};
#[cfg(sockets)]
pub use policy::{Io, LARGE, Led, Policy, Tally, Verdict, Work};
#[cfg(sockets)]
pub use shard::pool::{Shards, admit, shards};
#[cfg(sockets)]
pub use shard::running::{Round, RunningShard};
#[cfg(sockets)]
pub use slot::Named;
#[cfg(sockets)]
pub use sync::Mutex;
#[cfg(x509)]
pub use tls::{ClientContext, Demand, Trust};
#[cfg(sockets)]
pub use tls::{Facts, Offer, SecureContext, Tls};
#[cfg(sockets)]
pub use write_side::{Append, Handshake, WriteSide, socket, write_first_secured};
