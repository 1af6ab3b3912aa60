//! What the shards report to an env.
//!
//! | file | concept |
//! |---|---|
//! | `lanes` | the mailbox of an env: a lane for each shard, and one doorbell |
//! | `recorder` | adds a shard's records to its lane |
//! | `rings` | the envs that a shard wakes at the end of a round |
//! | `under_way` | a command that a shard is carrying out, as its env counts it |

mod lanes;
mod recorder;
mod rings;
mod under_way;

#[cfg(all(test, feature = "loom"))]
pub(super) use lanes::QUEUE_LIMIT;
pub use lanes::{Doorbell, Mailbox, Weight};
pub(super) use recorder::Recorder;
pub(super) use rings::Rings;
pub(super) use under_way::UnderWay;
