//! What the next message of a direction may refer to.

/// Bytes of its own messages that a compressor is reminded of, at most. The window may be larger,
/// but the time to learn it grows with it (30 µs for 32 KiB), and what repeats from message to
/// message repeats in the last few.
pub(super) const REMINDER: usize = 4 * 1024;
/// Bytes that it is reminded of before a short message: to learn 4 KiB is a quarter of the time that
/// 1 KiB takes. One of more than half of this is preceded by twice its length, so that what it
/// repeats of the one before it is there.
pub(super) const SHORT_REMINDER: usize = 2 * 1024;

/// What a direction's last messages were: their end, as far as the next may refer to it.
#[derive(Debug, Default)]
pub(super) struct History(pub(super) Vec<u8>);

impl History {
    /// The end of it, `length` bytes at most.
    pub(super) fn last(&self, length: usize) -> &[u8] {
        &self.0[self.0.len().saturating_sub(length)..]
    }

    /// Adds a message, and forgets what is further back than `limit` bytes.
    pub(super) fn remember(&mut self, message: &[u8], limit: usize) {
        let end = &message[message.len().saturating_sub(limit)..];
        let kept = limit - end.len();
        let forgotten = self.0.len().saturating_sub(kept);
        self.0.drain(..forgotten);
        let wanted = self.0.len() + end.len();
        if wanted > self.0.capacity() {
            // Twice as much each time, and never more than the limit.
            let target = limit.min(wanted.max(2 * self.0.capacity()));
            self.0.reserve_exact(target - self.0.len());
        }
        self.0.extend_from_slice(end);
    }
}
