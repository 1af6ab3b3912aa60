//! What a shard has yet to do, of what JavaScript asked for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::command::{Command, Frame};
use crate::engine::mailbox::{Mailbox, UnderWay};
use crate::engine::write_side::WriteSide;

/// A message that has waited longer than this is not compressed any more: the thread is late, and
/// compressing is most of its work.
pub(super) const LATE: Duration = Duration::from_millis(200);

/// One piece of work.
pub(super) enum Work {
    /// A command, and when it was submitted.
    Command(Instant, Arc<Mailbox>, Command),
    /// One connection's part of a message to a topic.
    Message(Instant, Arc<WriteSide>, Frame),
    /// A command is carried out.
    Done(UnderWay),
}
