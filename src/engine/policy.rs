//! When the JavaScript thread of an env leads a shard, and when it gives the lead back.
//!
//! To lead saves two changes of threads for each batch of records, and gives up that the two threads work side by side.
//! So it pays where batches are of about one record, and neither thread is busy. What was delivered shows the first,
//! CPU time the second. Time that passes shows nothing, nor does the event loop's idle time, which closed loops fill.

use std::time::{Duration, Instant};

/// How long is looked back.
const WINDOW: Duration = Duration::from_millis(10);
/// A JavaScript thread that leads gives the lead back after this number of windows in a row in which it was too busy.
const BUSY_WINDOWS: u32 = 2;
/// The part of a window for which it may be busy.
const BUSY: f64 = 0.9;
/// It takes the lead if both threads together were busy for less than this part, and batches are small.
const QUIET: f64 = 0.8;
/// What a small batch weighs at most.
const SMALL: f64 = 1.5;
/// What a large one weighs at least: the lead is given back after one window of them.
const LARGE: f64 = 2.5;
/// Bytes that weigh as much as a record.
const HEAVY: usize = 4096;
/// Whoever has given the lead back does not take it again for so long; the next time for twice as long, up to the most.
const FIRST_BREAK: Duration = Duration::from_millis(50);
const LONGEST_BREAK: Duration = Duration::from_secs(2);
/// A lead that lasted so long was worth it: the next break is a first one.
const LONG_LEAD: Duration = Duration::from_secs(1);

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

/// Records, counted by batches: what came at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    batches: u64,
    weight: u64,
    /// The next record begins a batch.
    is_next: bool,
}

impl Tally {
    /// What comes from now on is another batch.
    pub fn begin(&mut self) {
        self.is_next = true;
    }

    /// More records in it, which cost this much together.
    pub fn add(&mut self, records: usize, cost: usize) {
        self.batches += u64::from(std::mem::take(&mut self.is_next));
        self.weight += (records + cost / HEAVY) as u64;
    }

    /// What a batch since `before` weighs, if there was one.
    fn since(&self, before: &Self) -> Option<f64> {
        let batches = self.batches.saturating_sub(before.batches);
        let weight = self.weight.saturating_sub(before.weight);
        (batches > 0).then(|| weight as f64 / batches as f64)
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
    /// Since when it has had the verdict to lead.
    led_from: Option<Instant>,
    /// It does not get the verdict to lead before this.
    rests_until: Instant,
    next_break: Duration,
}

impl Policy {
    /// Looks back to `now`, and no further.
    #[must_use]
    pub fn new(now: Instant, work: Work) -> Self {
        Self {
            since: now,
            before: work,
            busy: 0,
            led_from: None,
            rests_until: now,
            next_break: FIRST_BREAK,
        }
    }

    /// Who is to lead from `now` on. `work` is asked once a window.
    pub fn consider(&mut self, now: Instant, leads: bool, work: impl FnOnce() -> Work) -> Verdict {
        if !leads {
            // Who took the lead from it had a reason.
            self.rest(now);
        }
        let window = now.saturating_duration_since(self.since);
        if window < WINDOW {
            return Verdict::Stay;
        }
        let work = work();
        let part = |now: Duration, before: Duration| {
            now.saturating_sub(before).as_secs_f64() / window.as_secs_f64()
        };
        let own = part(work.own, self.before.own);
        let both = own + part(work.other, self.before.other);
        let batch = work.brought.since(&self.before.brought);
        (self.since, self.before) = (now, work);
        self.busy = if own > BUSY { self.busy + 1 } else { 0 };
        match batch {
            // Nothing came, which says nothing.
            None => Verdict::Stay,
            Some(batch) if leads && (batch >= LARGE || self.busy >= BUSY_WINDOWS) => {
                self.rest(now);
                Verdict::GiveBack
            }
            Some(batch) if !leads && batch <= SMALL && both < QUIET && now >= self.rests_until => {
                self.led_from = Some(now);
                Verdict::Lead
            }
            Some(_) => Verdict::Stay,
        }
    }

    /// It leads no longer, if it did, and for a while.
    fn rest(&mut self, now: Instant) {
        let Some(from) = self.led_from.take() else {
            return;
        };
        if now.saturating_duration_since(from) >= LONG_LEAD {
            self.next_break = FIRST_BREAK;
        }
        self.busy = 0;
        self.rests_until = now + self.next_break;
        self.next_break = (self.next_break * 2).min(LONGEST_BREAK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread, and the verdicts it gets.
    struct Told {
        policy: Policy,
        now: Instant,
        work: Work,
        leads: bool,
    }

    impl Told {
        fn new() -> Self {
            let (now, work) = (Instant::now(), Work::default());
            Self {
                policy: Policy::new(now, work),
                now,
                work,
                leads: false,
            }
        }

        /// The verdict after another window, in which the threads were busy for these parts, and ten batches of `records`
        /// each came.
        fn after(&mut self, own: f64, other: f64, records: usize) -> Verdict {
            self.now += WINDOW;
            self.work.own += WINDOW.mul_f64(own);
            self.work.other += WINDOW.mul_f64(other);
            for _ in 0..10 {
                self.work.brought.begin();
                self.work.brought.add(records, 64);
            }
            self.consider()
        }

        fn consider(&mut self) -> Verdict {
            let work = self.work;
            let verdict = self.policy.consider(self.now, self.leads, || work);
            self.leads = match verdict {
                Verdict::Stay => self.leads,
                Verdict::Lead => true,
                Verdict::GiveBack => false,
            };
            verdict
        }

        /// Windows of single records until it leads: how many.
        fn windows_until_it_leads(&mut self) -> u32 {
            let mut windows = 1;
            while self.after(0.1, 0.1, 1) != Verdict::Lead {
                windows += 1;
            }
            windows
        }
    }

    #[test]
    fn a_thread_leads_where_batches_are_small_and_neither_is_busy() {
        for (own, other, records, verdict) in [
            (0.1, 0.6, 1, Verdict::Lead),
            (0.5, 0.4, 1, Verdict::Stay),
            (0.1, 0.1, 2, Verdict::Stay),
            (0.1, 0.1, 30, Verdict::Stay),
        ] {
            assert_eq!(Told::new().after(own, other, records), verdict);
        }
    }

    #[test]
    fn it_gives_the_lead_back_after_one_window_of_large_batches() {
        for (records, verdict) in [(2, Verdict::Stay), (3, Verdict::GiveBack)] {
            let mut told = Told::new();
            told.windows_until_it_leads();
            assert_eq!(told.after(0.1, 0.0, records), verdict);
        }
    }

    #[test]
    fn it_gives_the_lead_back_after_two_busy_windows_in_a_row() {
        let mut told = Told::new();
        told.windows_until_it_leads();
        for own in [0.95, 0.5, 0.95] {
            assert_eq!(told.after(own, 0.0, 1), Verdict::Stay);
        }
        assert_eq!(told.after(0.95, 0.0, 1), Verdict::GiveBack);
    }

    #[test]
    fn a_window_without_records_says_nothing() {
        let mut told = Told::new();
        told.now += WINDOW;
        assert_eq!(told.consider(), Verdict::Stay);
        told.windows_until_it_leads();
        told.now += WINDOW;
        assert_eq!(told.consider(), Verdict::Stay);
    }

    #[test]
    fn each_break_is_twice_as_long_until_a_lead_lasts() {
        let mut told = Told::new();
        assert_eq!(told.windows_until_it_leads(), 1);
        let first = (FIRST_BREAK.as_millis() / WINDOW.as_millis()) as u32;
        for factor in [1, 2, 4] {
            assert_eq!(told.after(0.1, 0.0, 30), Verdict::GiveBack);
            assert_eq!(told.windows_until_it_leads(), first * factor);
        }
        for _ in 0..10 {
            told.after(0.1, 0.0, 30);
            let windows = told.windows_until_it_leads();
            assert!(WINDOW * windows <= LONGEST_BREAK);
        }
        told.now += LONG_LEAD;
        assert_eq!(told.after(0.1, 0.0, 30), Verdict::GiveBack);
        assert_eq!(told.windows_until_it_leads(), first);
    }

    #[test]
    fn a_lead_that_was_taken_away_is_followed_by_a_break_as_well() {
        let mut told = Told::new();
        told.windows_until_it_leads();
        told.leads = false;
        let windows = told.windows_until_it_leads();
        assert!(WINDOW * (windows - 1) >= FIRST_BREAK - WINDOW && windows > 1);
    }

    #[test]
    fn a_large_record_weighs_as_many_small_ones() {
        let mut tally = Tally::default();
        assert_eq!(tally.since(&Tally::default()), None);
        tally.begin();
        tally.add(1, 64);
        tally.add(1, 16 * 1024);
        assert_eq!(tally.since(&Tally::default()), Some(6.0));
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
