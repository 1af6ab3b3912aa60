//! When the JavaScript thread of an env leads a shard, and when it gives the lead back.
//!
//! To lead saves two changes of threads for each batch of records, and gives up that the two threads work side by side.
//! So it pays where batches are small, and where there is little to do at all. Both are told by CPU time and by what was
//! delivered: time that passes says nothing, nor does the event loop's idle time, which closed loops fill.

use std::time::{Duration, Instant};

/// How long is looked back.
const WINDOW: Duration = Duration::from_millis(10);
/// A JavaScript thread that leads gives the lead back after so many windows in a row in which it was too busy.
const BUSY_WINDOWS: u32 = 2;
/// The part of a window for which it may be busy; and if batches are large.
const BUSY: f64 = 0.9;
const BUSY_WITH_LARGE: f64 = 0.5;
/// It takes the lead if both threads together were busy for less than this part; and if batches are not small.
const QUIET: f64 = 0.8;
const QUIET_WITHOUT_SMALL: f64 = 0.3;
/// What a small batch weighs at most, and a large one at least.
const SMALL: f64 = 1.5;
const LARGE: f64 = 2.5;
/// Bytes that weigh as much as a record.
const HEAVY: usize = 4096;

/// What the two threads have done so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// CPU time of the JavaScript thread.
    pub own: Duration,
    /// CPU time of the I/O thread.
    pub other: Duration,
    /// What the JavaScript thread was brought.
    pub brought: Tally,
}

/// Records, counted by batches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    batches: u64,
    weight: u64,
}

impl Tally {
    /// Another batch.
    pub fn begin(&mut self) {
        self.batches += 1;
    }

    /// More records in it, which cost this much together.
    pub fn add(&mut self, records: usize, cost: usize) {
        self.weight += (records + cost / HEAVY) as u64;
    }

    /// What a batch since `before` weighs.
    fn since(&self, before: &Self) -> f64 {
        let batches = self.batches.saturating_sub(before.batches).max(1);
        self.weight.saturating_sub(before.weight) as f64 / batches as f64
    }
}

/// What follows from the last window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whoever leads goes on.
    Stay,
    /// The JavaScript thread is to lead.
    Lead,
    /// It is to lead no longer.
    GiveBack,
}

/// What is known of the last window.
#[derive(Debug)]
pub struct Policy {
    since: Instant,
    before: Work,
    busy: u32,
}

impl Policy {
    /// Looks back to `now`, and no further.
    #[must_use]
    pub fn new(now: Instant, work: Work) -> Self {
        Self {
            since: now,
            before: work,
            busy: 0,
        }
    }

    /// Who is to lead from `now` on. `work` is asked once a window.
    pub fn consider(&mut self, now: Instant, leads: bool, work: impl FnOnce() -> Work) -> Verdict {
        let window = now.saturating_duration_since(self.since);
        if window < WINDOW {
            return Verdict::Stay;
        }
        let work = work();
        let part = |now: Duration, before: Duration| {
            now.saturating_sub(before).as_secs_f64() / window.as_secs_f64()
        };
        let own = part(work.own, self.before.own);
        let other = part(work.other, self.before.other);
        let batch = work.brought.since(&self.before.brought);
        (self.since, self.before) = (now, work);
        let is_busy = own > BUSY || own > BUSY_WITH_LARGE && batch >= LARGE;
        self.busy = if is_busy { self.busy + 1 } else { 0 };
        let both = own + other;
        if leads && self.busy >= BUSY_WINDOWS {
            self.busy = 0;
            Verdict::GiveBack
        } else if !leads && (both < QUIET && batch <= SMALL || both < QUIET_WITHOUT_SMALL) {
            Verdict::Lead
        } else {
            Verdict::Stay
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows in which the threads are busy for these parts, with batches of so many records, one after the other:
    /// the verdicts.
    fn verdicts(leads: bool, windows: &[(f64, f64, usize)]) -> Vec<Verdict> {
        let (mut now, mut work) = (Instant::now(), Work::default());
        let mut policy = Policy::new(now, work);
        windows
            .iter()
            .map(|(own, other, records)| {
                now += WINDOW;
                work.own += WINDOW.mul_f64(*own);
                work.other += WINDOW.mul_f64(*other);
                for _ in 0..10 {
                    work.brought.begin();
                    work.brought.add(*records, 64);
                }
                policy.consider(now, leads, || work)
            })
            .collect()
    }

    #[test]
    fn a_thread_leads_where_batches_are_small_or_there_is_little_to_do() {
        assert_eq!(verdicts(false, &[(0.1, 0.6, 1)]), [Verdict::Lead]);
        assert_eq!(verdicts(false, &[(0.1, 0.6, 30)]), [Verdict::Stay]);
        assert_eq!(verdicts(false, &[(0.1, 0.1, 30)]), [Verdict::Lead]);
        assert_eq!(verdicts(false, &[(0.5, 0.4, 1)]), [Verdict::Stay]);
    }

    #[test]
    fn one_that_is_busy_gives_the_lead_back() {
        let is_given_back = |own, records| {
            verdicts(true, &[(own, 0.0, records); 2]) == [Verdict::Stay, Verdict::GiveBack]
        };
        assert!(is_given_back(0.95, 1));
        assert!(!is_given_back(0.7, 1));
        assert!(is_given_back(0.7, 30));
        assert!(!is_given_back(0.4, 30));
    }

    #[test]
    fn one_busy_window_is_no_reason() {
        let windows = [(0.95, 0.0, 1), (0.5, 0.0, 1), (0.95, 0.0, 1)];
        assert_eq!(verdicts(true, &windows), [Verdict::Stay; 3]);
    }

    #[test]
    fn a_large_record_weighs_as_many_small_ones() {
        let mut tally = Tally::default();
        tally.begin();
        tally.add(1, 64);
        tally.add(1, 16 * 1024);
        assert_eq!(tally.since(&Tally::default()), 6.0);
    }

    #[test]
    fn within_a_window_nobody_asks_for_the_work() {
        let now = Instant::now();
        let mut policy = Policy::new(now, Work::default());
        let soon = now + WINDOW / 2;
        assert_eq!(
            policy.consider(soon, true, || panic!("it is too soon")),
            Verdict::Stay
        );
    }
}
