//! What JavaScript calls, and how events come back to it.
//!
//! | file | concept |
//! |---|---|
//! | `exports` | the private functions that `lib/` calls, by name |
//! | `call` | one raw call: its arguments, its result |
//! | `status` | how Node-API's calls end, and ours |
//! | `values` | JavaScript's values, read and made |
//! | `env` | what one env has |
//! | `settings` | the settings of a connection |
//! | `constants` | what both languages go by |
//! | `frames` | frames and their headers, for extensions in JavaScript |
//! | `deflate` | what was agreed on of permessage-deflate |
//! | `handshake` | the opening handshake's helpers |
//! | `negotiation` | extensions in the opening handshake |
//! | `sockets` | the functions of the socket transport, where there is `cfg(sockets)` |
//! | `slice` | the slice of time that all connections share in a turn of the event loop |
//! | `streams` | the functions of the stream transport |
//!
//! The functions on the hot path are raw Node-API callbacks: a `#[napi]` function costs several
//! times as much per call. They check nothing that `lib/` has checked already, except what would
//! be unsound.

mod call;
mod constants;
mod deflate;
mod env;
mod exports;
mod frames;
mod handshake;
mod negotiation;
mod settings;
mod slice;
#[cfg(sockets)]
mod sockets;
mod status;
mod streams;
mod values;
