//! What JavaScript calls, and how events come back to it.
//!
//! | file | concept |
//! |---|---|
//! | `handshake` | the opening handshake's helpers |
//! | `negotiation` | extensions in the opening handshake |
//! | `exports` | the private functions that `lib/` calls, by name |
//! | `status` | how Node-API's calls end, and ours |
//! | `call` | one raw call: its arguments, its errors |
//! | `env` | what one env has |
//! | `frame` | a frame made of a JavaScript value, in place |
//! | `delivery` | records become calls of a dispatcher |
//! | `trimming` | what glibc keeps of the memory of large Buffers |
//! | `streams` | the functions of the stream transport |
//!
//! The socket transport, where there is `cfg(sockets)`:
//!
//! | file | concept |
//! |---|---|
//! | `sockets` | an env's connections, and the commands under way to the shards |
//! | `commands` | its functions |
//! | `drain` | a batch from the shards is delivered |
//! | `doorbell` | the ThreadsafeFunction that a shard rings |
//! | `pin` | keeps the addon in memory while its threads run |
//!
//! The functions on the hot path are raw Node-API callbacks: a `#[napi]` function costs several
//! times as much per call. They check nothing that `lib/` has checked already, except what would
//! be unsound.

mod call;
mod delivery;
mod env;
mod exports;
mod frame;
mod handshake;
mod negotiation;
mod status;
mod streams;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod trimming;

#[cfg(sockets)]
mod commands;
#[cfg(sockets)]
mod doorbell;
#[cfg(sockets)]
mod drain;
#[cfg(sockets)]
mod pin;
#[cfg(sockets)]
mod sockets;
