//! How many messages a peer sends.

use super::bucket::{Bucket, Rate};
use super::config::Millis;
use super::error::Violation;
use super::limits::{MessageLimit, PastLimit};

/// The messages of a peer, against [`Limits::max_messages`](super::Limits::max_messages). Without that limit nothing
/// is looked at.
#[derive(Debug, Default)]
pub(super) struct Messages {
    bucket: Bucket,
    /// The peer is held back no more.
    is_lifted: bool,
}

impl Messages {
    /// The peer sent a message.
    ///
    /// # Errors
    /// [`Violation::TooManyMessages`], if that is what becomes of one too many. A peer that is held back sends none.
    #[inline]
    pub(super) fn message(
        &mut self,
        now: Millis,
        limit: Option<MessageLimit>,
    ) -> Result<(), Violation> {
        let Some(limit) = limit else {
            return Ok(());
        };
        let has_room = self.bucket.add(now, rate(limit));
        match limit.past {
            PastLimit::Fail if !has_room => Err(Violation::TooManyMessages {
                limit: limit.per_second,
            }),
            _ => Ok(()),
        }
    }

    /// When the next message may be taken; `None` if that is always.
    #[inline]
    pub(super) fn next_at(&self, limit: Option<MessageLimit>) -> Option<Millis> {
        let limit = limit?;
        let holds_back = limit.past == PastLimit::HoldBack && !self.is_lifted;
        holds_back.then(|| self.bucket.room_at(rate(limit)))
    }

    /// The peer is gone: what has come of it is taken, and no more comes.
    pub(super) fn lift(&mut self) {
        self.is_lifted = true;
    }
}

fn rate(limit: MessageLimit) -> Rate {
    Rate {
        per_second: limit.per_second,
        burst: u64::from(limit.burst),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(past: PastLimit) -> Option<MessageLimit> {
        Some(MessageLimit {
            per_second: 10,
            burst: 2,
            past,
        })
    }

    #[test]
    fn one_too_many_fails() {
        let (mut messages, limit) = (Messages::default(), limit(PastLimit::Fail));
        for _ in 0..2 {
            assert_eq!(messages.message(50, limit), Ok(()));
        }
        let too_many = Err(Violation::TooManyMessages { limit: 10 });
        assert_eq!(messages.message(149, limit), too_many);
        assert_eq!(messages.next_at(limit), None);
        assert_eq!(messages.message(150, limit), Ok(()));
    }

    #[test]
    fn or_the_next_has_to_wait() {
        let (mut messages, limit) = (Messages::default(), limit(PastLimit::HoldBack));
        for _ in 0..2 {
            assert!(messages.next_at(limit) <= Some(50));
            assert_eq!(messages.message(50, limit), Ok(()));
        }
        assert_eq!(messages.next_at(limit), Some(150));
        assert_eq!(messages.message(150, limit), Ok(()));
        assert_eq!(messages.next_at(limit), Some(250));
        // What is taken after a loss is no violation.
        messages.lift();
        assert_eq!(messages.next_at(limit), None);
        assert_eq!(messages.message(150, limit), Ok(()));
    }

    #[test]
    fn without_a_limit_there_is_none() {
        let mut messages = Messages::default();
        for _ in 0..1_000 {
            assert_eq!(messages.message(0, None), Ok(()));
        }
        assert_eq!(messages.next_at(None), None);
    }
}
