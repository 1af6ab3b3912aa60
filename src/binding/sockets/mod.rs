//! The socket transport, as JavaScript drives it.
//!
//! | file | concept |
//! |---|---|
//! | `table` | an env's connections, and the commands under way to the shards |
//! | `audience` | the shards that have subscribers of a topic |
//! | `commands` | the functions that `lib/` calls |
//! | `repeated` | one frame that is sent to one connection after the other |
//! | `drain` | a batch from the shards is delivered |
//! | `doorbell` | the ThreadsafeFunction that a shard rings |
//! | `leader` | who is to lead the shards of an env |
//! | `leading` | an env that runs the rounds of shards itself |
//! | `uv` | libuv, as far as that needs it |
//! | `raw` | the functions of connections before a WebSocket begins |
//! | `door` | the functions of listening sockets that a shard accepts from |
//! | `pin` | keeps the addon in memory while its threads run |

mod audience;
pub(super) mod commands;
pub(super) mod door;
pub(super) mod doorbell;
mod drain;
mod leader;
mod leading;
mod pin;
pub(super) mod raw;
mod repeated;
pub(super) mod table;
mod uv;
