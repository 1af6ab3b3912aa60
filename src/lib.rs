//! The native core of the Node.js module `websockets`.
//!
//! Three layers, imports one way, `binding → engine → protocol`:
//!
//! - [`protocol`]: RFC 6455 without I/O: bytes and time in, events and bytes out. No runtime, no
//!   Node-API, no clock; it builds and tests alone (`cargo test --no-default-features`).
//! - `engine` (feature `engine`, POSIX): Tokio threads, called shards, that own the sockets.
//! - `binding` (feature `node`): what JavaScript calls, and how events come back to it.

pub mod protocol;

#[cfg(all(feature = "engine", unix))]
pub mod engine;

#[cfg(feature = "node")]
mod binding;
