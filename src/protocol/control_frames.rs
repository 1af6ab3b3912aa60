//! How many control frames a peer sends that nobody asked for.

use super::bucket::{Bucket, Rate};
use super::config::Millis;
use super::error::Violation;
use super::limits::Limits;

/// What may come at once, in seconds of the rate. A peer that we do not read for a while, or whose
/// packets were held up on their way, has what it sent meanwhile come in one piece.
const BURST: u64 = 10;

/// Pings, and pongs that answer none of ours.
#[derive(Debug, Default)]
pub(super) struct ControlFrames {
    bucket: Bucket,
    /// Pings of ours whose pongs may still come. A pong may be left out (RFC 6455 §5.5.3), so that
    /// none of them expires.
    awaited_pongs: u32,
}

impl ControlFrames {
    /// Pings were sent: each may be answered.
    pub(super) fn expect_pongs(&mut self, count: u32) {
        self.awaited_pongs = self.awaited_pongs.saturating_add(count);
    }

    /// The peer sent a ping.
    ///
    /// # Errors
    /// [`Violation::TooManyControlFrames`].
    #[inline]
    pub(super) fn ping(&mut self, now: Millis, limits: &Limits) -> Result<(), Violation> {
        let Some(limit) = limits.max_control_frames else {
            return Ok(());
        };
        let rate = Rate {
            per_second: limit,
            burst: BURST * u64::from(limit),
        };
        if !self.bucket.add(now, rate) {
            return Err(Violation::TooManyControlFrames { limit });
        }
        Ok(())
    }

    /// The peer sent a pong, which counts if it answers none of our pings.
    ///
    /// # Errors
    /// [`Violation::TooManyControlFrames`].
    #[inline]
    pub(super) fn pong(&mut self, now: Millis, limits: &Limits) -> Result<(), Violation> {
        match self.awaited_pongs.checked_sub(1) {
            Some(awaited) => {
                self.awaited_pongs = awaited;
                Ok(())
            }
            None => self.ping(now, limits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOO_MANY: Result<(), Violation> = Err(Violation::TooManyControlFrames { limit: 100 });

    fn limits(max_control_frames: Option<u32>) -> Limits {
        Limits {
            max_control_frames,
            ..Limits::default()
        }
    }

    #[test]
    fn ten_seconds_of_the_rate_at_once_and_then_the_rate() {
        let (mut frames, limits) = (ControlFrames::default(), limits(Some(100)));
        for _ in 0..1_000 {
            assert_eq!(frames.ping(5_000, &limits), Ok(()));
        }
        assert_eq!(frames.ping(5_000, &limits), TOO_MANY);
        assert_eq!(frames.ping(5_009, &limits), TOO_MANY);
        for step in 1..=10_000 {
            assert_eq!(frames.ping(5_000 + step * 10, &limits), Ok(()));
        }
        assert_eq!(frames.ping(105_000, &limits), TOO_MANY);
        // A peer that was silent for long saves no more than that.
        for _ in 0..1_000 {
            assert_eq!(frames.ping(999_999_999, &limits), Ok(()));
        }
        assert_eq!(frames.ping(999_999_999, &limits), TOO_MANY);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn pongs_to_our_pings_do_not_count_however_late_they_come() {
        let (mut frames, limits) = (ControlFrames::default(), limits(Some(100)));
        frames.expect_pongs(50_000);
        frames.expect_pongs(50_000);
        for _ in 0..100_000 + 1_000 {
            assert_eq!(frames.pong(0, &limits), Ok(()));
        }
        assert_eq!(frames.pong(0, &limits), TOO_MANY);
        assert_eq!(frames.ping(0, &limits), TOO_MANY);
        frames.expect_pongs(1);
        assert_eq!(frames.pong(0, &limits), Ok(()));
        assert_eq!(frames.pong(0, &limits), TOO_MANY);
    }

    #[test]
    fn the_greatest_numbers_overflow_nothing() {
        let limits = limits(Some(u32::MAX));
        let mut frames = ControlFrames::default();
        for now in [0, u64::MAX, u64::MAX] {
            frames.expect_pongs(u32::MAX);
            assert_eq!(frames.ping(now, &limits), Ok(()));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn none_is_no_limit() {
        let mut frames = ControlFrames::default();
        for _ in 0..1_000_000 {
            assert_eq!(frames.pong(0, &limits(None)), Ok(()));
        }
    }
}
