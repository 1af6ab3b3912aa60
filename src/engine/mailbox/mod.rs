//! What the shards report to an env.
//!
//! | file | concept |
//! |---|---|
//! | `lanes` | the mailbox of an env: a lane for each shard, and one doorbell |
//! | `recorder` | adds a shard's records to its lane |
//! | `rings` | whom a shard wakes at the end of a round |

mod lanes;
mod recorder;
mod rings;

#[cfg(all(test, feature = "loom"))]
pub(super) use lanes::QUEUE_LIMIT;
pub use lanes::{Doorbell, Mailbox};
pub(super) use recorder::Recorder;
pub(super) use rings::Rings;
