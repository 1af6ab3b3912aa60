//! A command that a shard is carrying out, as its env counts it.

use std::sync::Arc;

use super::lanes::{Mailbox, Weight};

/// A command that a shard has taken: once this is dropped, it is carried out.
pub(in super::super) struct UnderWay {
    mailbox: Arc<Mailbox>,
    shard: usize,
    /// What it is still counted for.
    weight: Weight,
    is_ordered: bool,
}

impl UnderWay {
    /// A command of the env of `mailbox`, that was submitted to `shard`.
    pub(in super::super) fn new(
        mailbox: Arc<Mailbox>,
        shard: usize,
        weight: Weight,
        is_ordered: bool,
    ) -> Self {
        Self {
            mailbox,
            shard,
            weight,
            is_ordered,
        }
    }

    /// The mailbox of its env.
    pub(in super::super) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// What it sends waits in an outbox, and is counted there. This comes before that is written: whoever hears that
    /// it was must not find it counted any more.
    pub(in super::super) fn appended(&mut self) {
        if self.is_ordered {
            self.mailbox
                .taken(self.shard, std::mem::take(&mut self.weight));
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.is_ordered {
            self.appended();
            self.mailbox.command_done(self.shard);
        }
    }
}
