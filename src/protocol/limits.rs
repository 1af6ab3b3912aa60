//! What a peer may make us hold in memory for one message.

use super::error::Violation;

/// Bounds on one incoming message. All of them count the whole message, over all its fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message. More fails with [`Violation::MessageTooLarge`] as soon as a header
    /// declares it. Default: 16 MiB, the largest message of the Autobahn test suite.
    pub max_payload: u64,
    /// Frames of one fragmented message, empty ones included; a message in one frame is never
    /// refused by it. More fails with [`Violation::TooManyFragments`]. Default: 131,072; Autobahn
    /// sends 65,536 fragments of 64 bytes.
    pub max_fragments: u32,
    /// Frames without payload in one fragmented message. They cost the peer two to six bytes and
    /// never reach `max_payload`. More fails with [`Violation::TooManyEmptyFragments`]. Default:
    /// 1,024: streaming senders end a message with one and flush with a few; Autobahn sends three.
    pub max_empty_fragments: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_payload: 16 * 1024 * 1024,
            max_fragments: 131_072,
            max_empty_fragments: 1_024,
        }
    }
}

impl Limits {
    /// Whether a message that has declared `so_far` bytes may declare `more`.
    ///
    /// # Errors
    /// [`Violation::MessageTooLarge`].
    pub(super) fn check_length(&self, so_far: u64, more: u64) -> Result<(), Violation> {
        // Subtraction, because `so_far + more` may overflow: the peer chooses `more`.
        if more > self.max_payload.saturating_sub(so_far) {
            return Err(Violation::MessageTooLarge {
                limit: self.max_payload,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_limited_and_cannot_overflow() {
        let limits = Limits {
            max_payload: 10,
            ..Limits::default()
        };
        let too_large = Err(Violation::MessageTooLarge { limit: 10 });
        assert_eq!(limits.check_length(0, 10), Ok(()));
        assert_eq!(limits.check_length(4, 6), Ok(()));
        assert_eq!(limits.check_length(0, 11), too_large);
        assert_eq!(limits.check_length(4, 7), too_large);
        assert_eq!(limits.check_length(4, u64::MAX), too_large);
    }
}
