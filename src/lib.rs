//! The native core of the Node.js module `websockets`.
//!
//! Three layers, imports one way, `binding → engine → protocol`:
//!
//! - [`protocol`]: RFC 6455 without I/O: bytes and time in, events and bytes out. No runtime, no
//!   Node-API, no clock; it builds and tests alone (`cargo test --no-default-features`).
//! - `engine` (feature `engine`): what drives it. With `sockets`, on POSIX, Tokio threads, called
//!   shards, that own the sockets; without, streams whose bytes JavaScript moves.
//! - `binding` (feature `node`): what JavaScript calls, and how events come back to it.

pub mod protocol;

#[cfg(feature = "engine")]
pub mod engine;

#[cfg(feature = "node")]
mod binding;
