//! What JavaScript calls, and how events come back to it.
//!
//! | file | concept |
//! |---|---|
//! | `handshake` | the opening handshake's helpers |
//! | `exports` | the private functions that `lib/` calls, by name |
//! | `call` | one raw call: its arguments, its errors |
//! | `env` | what one env has: connections, commands under way |
//! | `commands` | what the functions do |
//! | `frame` | a frame made of a JavaScript value, in place |
//! | `drain` | records become calls of the dispatcher |
//! | `doorbell` | the ThreadsafeFunction that a shard rings |
//! | `pin` | keeps the addon in memory while its threads run |
//!
//! The functions on the hot path are raw Node-API callbacks: a `#[napi]` function costs several
//! times as much per call. They check nothing that `lib/` has checked already, except what would
//! be unsound.

mod handshake;

#[cfg(unix)]
mod call;
#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod doorbell;
#[cfg(unix)]
mod drain;
#[cfg(unix)]
mod env;
#[cfg(unix)]
mod exports;
#[cfg(unix)]
mod frame;
#[cfg(unix)]
mod pin;
