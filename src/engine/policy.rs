//! When the JavaScript thread of an env leads a shard, and when it gives the lead back.
//!
//! To lead saves two changes of threads for each batch of records, and gives up that the two threads work side by side.
//! So it pays where one thread can do all of it: where neither is busy, or where JavaScript has so little to do that
//! there is nothing to share. CPU time shows that. Time that passes does not, nor does the event loop's idle time, which
//! closed loops fill.

use std::iter::Sum;
use std::time::{Duration, Instant};

/// How long is looked back.
const WINDOW: Duration = Duration::from_millis(10);
/// A JavaScript thread that leads is busy if it was for more than this part of a window.
const BUSY: f64 = 0.9;
/// After this number of busy windows in a row it gives the lead back, unless JavaScript has little to do.
const BUSY_WINDOWS: u32 = 2;
/// It takes the lead if both threads together were busy for less than this part, whatever they did.
const QUIET: f64 = 0.8;
/// JavaScript that takes at most this part of the work of both threads has little to do.
const LITTLE: f64 = 0.2;
/// The same where records are large: what the one core has just read, the other one would fetch from it.
const LITTLE_BESIDE_LARGE: f64 = 0.5;
/// Bytes of a large record.
const LARGE: u64 = 4096;
/// How long the rounds of a busy thread may be, on average: beside longer ones two changes of threads are nothing.
const LONG_ROUND: Duration = Duration::from_micros(500);
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
    /// The rounds that the JavaScript thread has run.
    pub rounds: Rounds,
    /// Time that it has taken for writes outside of them.
    pub writes: Duration,
    /// What it was brought.
    pub brought: Tally,
}

/// Rounds of an env that leads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rounds {
    /// Their number.
    pub count: u64,
    /// The time that they took.
    pub time: Duration,
}

impl Sum for Rounds {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            count: sum.count + one.count,
            time: sum.time + one.time,
        })
    }
}

/// Records, counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    records: u64,
    bytes: u64,
}

impl Tally {
    /// More records, which cost this many bytes together.
    pub fn add(&mut self, records: usize, bytes: usize) {
        self.records += records as u64;
        self.bytes += bytes as u64;
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

/// What was done in a window.
struct Seen {
    /// Parts of the window.
    own: f64,
    both: f64,
    /// Of the JavaScript thread, for what is no reading or writing.
    rest: f64,
    /// Of a round.
    mean: Duration,
    records: u64,
    bytes: u64,
}

impl Seen {
    fn between(before: &Work, now: &Work, window: Duration) -> Self {
        let part = |now: Duration, before: Duration| {
            now.saturating_sub(before).as_secs_f64() / window.as_secs_f64()
        };
        let own = part(now.own, before.own);
        let count = now.rounds.count.saturating_sub(before.rounds.count);
        let time = now.rounds.time.saturating_sub(before.rounds.time);
        Self {
            own,
            both: own + part(now.other, before.other),
            rest: own - part(now.rounds.time, before.rounds.time) - part(now.writes, before.writes),
            mean: time / u32::try_from(count.max(1)).unwrap_or(u32::MAX),
            records: now.brought.records.saturating_sub(before.brought.records),
            bytes: now.brought.bytes.saturating_sub(before.brought.bytes),
        }
    }

    /// Whether JavaScript has so little to do that one thread does it all as fast as two.
    fn is_for_one(&self) -> bool {
        let is_large = self.bytes >= LARGE * self.records;
        let little = if is_large {
            LITTLE_BESIDE_LARGE
        } else {
            LITTLE
        };
        self.records > 0 && self.mean <= LONG_ROUND && self.rest <= little * self.both
    }
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
        let seen = Seen::between(&self.before, &work, window);
        (self.since, self.before) = (now, work);
        if leads {
            let is_too_much = seen.own > BUSY && !seen.is_for_one();
            self.busy = if is_too_much { self.busy + 1 } else { 0 };
            if self.busy < BUSY_WINDOWS {
                return Verdict::Stay;
            }
            self.rest(now);
            return Verdict::GiveBack;
        }
        // A window without records says nothing.
        let suits = seen.records > 0 && (seen.both < QUIET || seen.is_for_one());
        if !suits || now < self.rests_until {
            return Verdict::Stay;
        }
        self.led_from = Some(now);
        Verdict::Lead
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

    /// What a window may have: parts of it that the threads were busy for, and that rounds took.
    #[derive(Clone, Copy)]
    struct Window {
        own: f64,
        other: f64,
        rounds: f64,
        /// Rounds.
        count: u64,
        records: usize,
        /// Of a record.
        bytes: usize,
    }

    /// A load that suits.
    const FEW: Window = Window {
        own: 0.1,
        other: 0.1,
        rounds: 0.0,
        count: 10,
        records: 10,
        bytes: 64,
    };
    /// Of the I/O thread's round, with a JavaScript thread that only answers.
    const ECHO: Window = Window {
        own: 0.1,
        other: 0.9,
        records: 1000,
        ..FEW
    };
    /// The same with a JavaScript thread that leads.
    const LED_ECHO: Window = Window {
        own: 1.0,
        other: 0.0,
        rounds: 0.9,
        count: 40,
        records: 1000,
        ..FEW
    };
    /// A JavaScript thread that leads and has too much to do besides.
    const BUSY_WITH_ELSE: Window = Window {
        own: 1.0,
        other: 0.0,
        rounds: 0.5,
        count: 40,
        ..FEW
    };

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

        /// One that leads.
        fn leading() -> Self {
            let mut told = Self::new();
            told.windows_until_it_leads();
            told
        }

        /// The verdict after another window.
        fn after(&mut self, window: Window) -> Verdict {
            self.now += WINDOW;
            self.work.own += WINDOW.mul_f64(window.own);
            self.work.other += WINDOW.mul_f64(window.other);
            self.work.rounds.time += WINDOW.mul_f64(window.rounds);
            self.work.rounds.count += window.count;
            self.work
                .brought
                .add(window.records, window.records * window.bytes);
            self.consider()
        }

        /// The verdict after as many busy windows as it takes to give the lead back.
        fn after_some(&mut self, window: Window) -> Verdict {
            for _ in 1..BUSY_WINDOWS {
                assert_eq!(self.after(window), Verdict::Stay);
            }
            self.after(window)
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

        /// Windows of few records until it leads: how many.
        fn windows_until_it_leads(&mut self) -> u32 {
            let mut windows = 1;
            while self.after(FEW) != Verdict::Lead {
                windows += 1;
            }
            windows
        }
    }

    #[test]
    fn a_thread_leads_where_neither_is_busy_or_javascript_has_little_to_do() {
        let quiet = Window {
            own: 0.4,
            other: 0.3,
            records: 5000,
            ..FEW
        };
        let shared = Window {
            own: 0.4,
            other: 0.7,
            ..ECHO
        };
        let large = Window {
            bytes: 16384,
            ..shared
        };
        let nothing = Window { records: 0, ..ECHO };
        for (name, window, verdict) in [
            ("few", FEW, Verdict::Lead),
            ("many, and neither is busy", quiet, Verdict::Lead),
            ("an echo", ECHO, Verdict::Lead),
            ("work for two", shared, Verdict::Stay),
            ("the same with large records", large, Verdict::Lead),
            ("no records", nothing, Verdict::Stay),
        ] {
            assert_eq!(Told::new().after(window), verdict, "{name}");
        }
    }

    #[test]
    fn busy_windows_in_a_row_end_the_lead_unless_javascript_has_little_to_do() {
        let large = Window {
            bytes: 16384,
            ..BUSY_WITH_ELSE
        };
        let nothing = Window {
            records: 0,
            ..LED_ECHO
        };
        let long = Window {
            count: 10,
            ..LED_ECHO
        };
        for (name, window, verdict) in [
            ("an echo", LED_ECHO, Verdict::Stay),
            ("else to do", BUSY_WITH_ELSE, Verdict::GiveBack),
            ("large records", large, Verdict::Stay),
            ("nothing for JavaScript", nothing, Verdict::GiveBack),
            ("rounds that hold it up", long, Verdict::GiveBack),
        ] {
            assert_eq!(Told::leading().after_some(window), verdict, "{name}");
        }
        let mut told = Told::leading();
        for window in [BUSY_WITH_ELSE, FEW, BUSY_WITH_ELSE] {
            assert_eq!(told.after(window), Verdict::Stay);
        }
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
            assert_eq!(told.after_some(BUSY_WITH_ELSE), Verdict::GiveBack);
            assert_eq!(told.windows_until_it_leads(), first * factor);
        }
        for _ in 0..10 {
            told.after_some(BUSY_WITH_ELSE);
            let windows = told.windows_until_it_leads();
            assert!(WINDOW * windows <= LONGEST_BREAK);
        }
        told.now += LONG_LEAD;
        assert_eq!(told.after(FEW), Verdict::Stay);
        assert_eq!(told.after_some(BUSY_WITH_ELSE), Verdict::GiveBack);
        assert_eq!(told.windows_until_it_leads(), first);
    }

    #[test]
    fn a_lead_that_was_taken_away_is_followed_by_a_break_as_well() {
        let mut told = Told::leading();
        told.leads = false;
        let windows = told.windows_until_it_leads();
        assert!(WINDOW * (windows - 1) >= FIRST_BREAK - WINDOW && windows > 1);
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
