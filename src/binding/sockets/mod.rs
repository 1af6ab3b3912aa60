//! The socket transport, as JavaScript drives it.
//!
//! | file | concept |
//! |---|---|
//! | `table` | an env's connections, and the commands under way to the shards |
//! | `audience` | the shards that have subscribers of a topic |
//! | `commands` | the functions that `lib/` calls |
//! | `drain` | a batch from the shards is delivered |
//! | `doorbell` | the ThreadsafeFunction that a shard rings |
//! | `pin` | keeps the addon in memory while its threads run |

mod audience;
pub(super) mod commands;
pub(super) mod doorbell;
mod drain;
mod pin;
pub(super) mod table;
