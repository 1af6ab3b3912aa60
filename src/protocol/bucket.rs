//! A leaky bucket that is one number: the time at which it will be empty (GCRA).

use super::config::Millis;

/// One frame or message, in thousandths: the rate is per second, and time comes in milliseconds.
const ONE: u64 = 1_000;

/// How fast a bucket leaks, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    /// What leaves it in a second, at least 1.
    pub(super) per_second: u32,
    /// What may come at once, at least 1.
    pub(super) burst: u64,
}

/// What has come of late.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// In milliseconds times the rate, which are thousandths of what is counted.
    empty_at: u64,
}

impl Bucket {
    /// One more came: true if there was room for it.
    #[inline]
    pub(super) fn add(&mut self, now: Millis, rate: Rate) -> bool {
        let now = now.saturating_mul(u64::from(rate.per_second));
        let empty_at = self.empty_at.max(now).saturating_add(ONE);
        let has_room = empty_at - now <= rate.burst.saturating_mul(ONE);
        if has_room {
            self.empty_at = empty_at;
        }
        has_room
    }

    /// When there is room for one more.
    #[inline]
    pub(super) fn room_at(&self, rate: Rate) -> Millis {
        let most = (rate.burst - 1).saturating_mul(ONE);
        let from = self.empty_at.saturating_sub(most);
        from.div_ceil(u64::from(rate.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 3,
        burst: 5,
    };

    #[test]
    fn the_burst_at_once_and_then_the_rate() {
        let mut bucket = Bucket::default();
        for _ in 0..RATE.burst {
            assert!(bucket.room_at(RATE) <= 2_000);
            assert!(bucket.add(2_000, RATE));
        }
        // A third of a second later, and never before that.
        for at in [2_334, 2_667, 3_000, 3_334] {
            assert_eq!(bucket.room_at(RATE), at);
            assert!(!bucket.add(at - 1, RATE));
            assert!(bucket.add(at, RATE));
            assert!(!bucket.add(at, RATE));
        }
        // Who was silent for long saves no more than the burst.
        for _ in 0..RATE.burst {
            assert!(bucket.add(999_999_999, RATE));
        }
        assert!(!bucket.add(999_999_999, RATE));
    }

    #[test]
    fn a_bucket_for_one_takes_one_at_a_time() {
        let rate = Rate {
            per_second: 1,
            burst: 1,
        };
        let mut bucket = Bucket::default();
        assert_eq!(bucket.room_at(rate), 0);
        assert!(bucket.add(7, rate));
        assert_eq!(bucket.room_at(rate), 1_007);
        assert!(!bucket.add(1_006, rate));
        assert!(bucket.add(1_007, rate));
    }

    #[test]
    fn the_greatest_numbers_overflow_nothing() {
        let rate = Rate {
            per_second: u32::MAX,
            burst: u64::MAX,
        };
        let mut bucket = Bucket::default();
        for now in [0, u64::MAX, u64::MAX] {
            assert!(bucket.add(now, rate));
            let _ = bucket.room_at(rate);
        }
    }
}
