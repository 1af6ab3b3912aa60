//! When the JavaScript thread of an env leads its shards, and when it gives the lead back.
//!
//! To lead saves two changes of threads for each batch of records, and gives up that the threads work side by side. So it
//! pays where one thread can do all of it: where none is busy, or where JavaScript has so little to do that there is nothing
//! to share. CPU time shows that. Time that passes does not, nor does the event loop's idle time, which closed loops fill.

use std::time::{Duration, Instant};

/// How long is looked back.
const WINDOW: Duration = Duration::from_millis(10);
/// A JavaScript thread that leads is busy if it was for more than this part of a window, or never slept in it.
const BUSY: f64 = 0.9;
/// After this number of windows in a row in which it was too busy it gives the lead back.
const BUSY_WINDOWS: u32 = 2;
/// After this number of windows in a row that suit it takes the lead: of one alone, not all may have been accounted.
const SUITING_WINDOWS: u32 = 2;
/// It takes the lead if all threads together were busy for less than this part, whatever they did.
const QUIET: f64 = 0.8;
/// The most that all threads together may do where it is to do all of it. The changes of threads that it saves are a part.
const ONE: f64 = 1.25;
/// JavaScript that takes at most this part of the work of all threads has little to do.
const LITTLE: f64 = 0.2;
/// The same where records are large: what the one core has just read, the other one would fetch from it.
const LITTLE_BESIDE_LARGE: f64 = 0.5;
/// How much greater its part may be while it leads: the changes of threads are no longer in the work of all.
const LED: f64 = 1.25;
/// Bytes of a large record.
pub const LARGE: usize = 4096;
/// A round that took this long saves nothing worth while, and held up the event loop.
const LONG_ROUND: Duration = Duration::from_micros(500);
/// For how much of a window there may be long rounds.
const LONG: f64 = 0.3;
/// Whoever has given the lead back does not take it again for so long; the next time for twice as long, up to the most.
const FIRST_BREAK: Duration = Duration::from_millis(50);
const LONGEST_BREAK: Duration = Duration::from_secs(2);
/// A lead that lasted so long was worth it: the next break is a first one.
const LONG_LEAD: Duration = Duration::from_secs(1);

/// What the threads have done so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// CPU time of the JavaScript thread.
    pub own: Duration,
    /// CPU time of the I/O threads whose shards it may lead.
    pub other: Duration,
    /// How often the JavaScript thread had nothing to do, and slept.
    pub sleeps: u64,
    /// Time that it has taken to read and write.
    pub io: Io,
    /// What it was brought.
    pub brought: Tally,
}

/// What a JavaScript thread has read and written itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Io {
    time: Duration,
    /// In rounds that were long.
    long: Duration,
}

impl Io {
    /// It has run a round, which took so long.
    pub fn add_round(&mut self, time: Duration) {
        self.add(time);
        if time >= LONG_ROUND {
            self.long += time;
        }
    }

    /// It has written for so long.
    pub fn add(&mut self, time: Duration) {
        self.time += time;
    }
}

/// Records, counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    records: u64,
    large: u64,
    compressed: u64,
}

impl Tally {
    /// More records of a connection, of which some are [`LARGE`]; it compresses or does not.
    pub fn add(&mut self, records: usize, large: usize, is_compressed: bool) {
        self.records += records as u64;
        self.large += large as u64;
        self.compressed += if is_compressed { records as u64 } else { 0 };
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            records: self.records.saturating_sub(before.records),
            large: self.large.saturating_sub(before.large),
            compressed: self.compressed.saturating_sub(before.compressed),
        }
    }
}

/// Whether an env leads its shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Led {
    /// It does not.
    No,
    /// It did, and the lead of one was taken away.
    Taken,
    /// It leads all of them.
    Yes,
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
    is_busy: bool,
    /// Parts of the window: of all threads, of JavaScript alone, and in long rounds.
    all: f64,
    rest: f64,
    long: f64,
    brought: Tally,
}

impl Seen {
    fn between(before: &Work, now: &Work, window: Duration) -> Self {
        let never_slept = now.sleeps == before.sleeps;
        let part = |now: Duration, before: Duration| {
            now.saturating_sub(before).as_secs_f64() / window.as_secs_f64()
        };
        let own = part(now.own, before.own);
        // That is time which has passed, and a thread that shares its core ran for a part of it.
        let io = part(now.io.time, before.io.time) * if never_slept { own.min(1.0) } else { 1.0 };
        Self {
            is_busy: own > BUSY || never_slept,
            all: own + part(now.other, before.other),
            rest: (own - io).max(0.0),
            long: part(now.io.long, before.io.long),
            brought: now.brought.since(&before.brought),
        }
    }

    /// Whether JavaScript has so little to do that one thread does it all as fast as two. Beside compression the changes
    /// of threads are nothing, and of several shards it cannot know how much more there is to do.
    fn is_for_one(&self, shards: usize, leads: bool) -> bool {
        let Tally {
            records,
            large,
            compressed,
        } = self.brought;
        let little = match large * 2 >= records {
            true => LITTLE_BESIDE_LARGE,
            false => LITTLE,
        };
        let part = if leads { little * LED } else { little };
        shards == 1 && records > compressed * 2 && self.all <= ONE && self.rest <= part * self.all
    }
}

/// What is known of the last window.
#[derive(Debug)]
pub struct Policy {
    since: Instant,
    before: Work,
    busy: u32,
    suiting: u32,
    /// When it last had the verdict to lead.
    led_from: Instant,
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
            suiting: 0,
            led_from: now,
            rests_until: now,
            next_break: FIRST_BREAK,
        }
    }

    /// Whether a window is over.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= WINDOW
    }

    /// Who is to lead this number of shards from `now` on, at the end of a window.
    pub fn consider(&mut self, now: Instant, led: Led, shards: usize, work: Work) -> Verdict {
        let window = now.saturating_duration_since(self.since);
        let seen = Seen::between(&self.before, &work, window);
        (self.since, self.before) = (now, work);
        match led {
            Led::No => {
                // A window without records says nothing.
                let is_quiet = seen.brought.records > 0 && seen.all < QUIET;
                let suits = is_quiet || seen.is_for_one(shards, false);
                self.suiting = if suits { self.suiting + 1 } else { 0 };
                if self.suiting < SUITING_WINDOWS || now < self.rests_until {
                    return Verdict::Stay;
                }
                self.led_from = now;
                self.busy = 0;
                self.suiting = 0;
                Verdict::Lead
            }
            // Who took it had a reason.
            Led::Taken => self.rest(now),
            Led::Yes => {
                let is_too_much = seen.is_busy && !seen.is_for_one(shards, true);
                self.busy = if is_too_much || seen.long > LONG {
                    self.busy + 1
                } else {
                    0
                };
                match self.busy < BUSY_WINDOWS {
                    true => Verdict::Stay,
                    false => self.rest(now),
                }
            }
        }
    }

    /// It leads no longer, and not again for a while.
    fn rest(&mut self, now: Instant) -> Verdict {
        if now.saturating_duration_since(self.led_from) >= LONG_LEAD {
            self.next_break = FIRST_BREAK;
        }
        self.rests_until = now + self.next_break;
        self.next_break = (self.next_break * 2).min(LONGEST_BREAK);
        Verdict::GiveBack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a window has: parts of it that threads were busy for, and what they did.
    #[derive(Clone, Copy)]
    struct Window {
        own: f64,
        other: f64,
        sleeps: u64,
        io: f64,
        /// Whether its rounds were long.
        long: bool,
        records: usize,
        are_large: bool,
        is_compressed: bool,
    }

    /// A load that suits.
    const FEW: Window = Window {
        own: 0.1,
        other: 0.1,
        sleeps: 10,
        io: 0.0,
        long: false,
        records: 10,
        are_large: false,
        is_compressed: false,
    };
    /// Of I/O threads with a JavaScript thread that only answers.
    const ECHO: Window = Window {
        other: 0.9,
        records: 1000,
        ..FEW
    };
    /// The same with a JavaScript thread that leads.
    const LED_ECHO: Window = Window {
        own: 1.0,
        other: 0.0,
        io: 0.9,
        records: 1000,
        ..FEW
    };
    /// A JavaScript thread that leads and has too much to do besides.
    const BUSY_WITH_ELSE: Window = Window {
        own: 1.0,
        other: 0.0,
        io: 0.5,
        ..FEW
    };

    /// A thread, and the verdicts it gets.
    struct Told {
        policy: Policy,
        now: Instant,
        work: Work,
        led: Led,
        shards: usize,
    }

    impl Told {
        fn new(shards: usize) -> Self {
            let (now, work) = (Instant::now(), Work::default());
            Self {
                policy: Policy::new(now, work),
                now,
                work,
                led: Led::No,
                shards,
            }
        }

        /// One that leads.
        fn leading(shards: usize) -> Self {
            let mut told = Self::new(shards);
            assert_eq!(told.windows_until_it_leads(), SUITING_WINDOWS);
            told
        }

        /// The verdict after another window.
        fn after(&mut self, window: Window) -> Verdict {
            self.now += WINDOW;
            self.work.own += WINDOW.mul_f64(window.own);
            self.work.other += WINDOW.mul_f64(window.other);
            self.work.sleeps += window.sleeps;
            let io = WINDOW.mul_f64(window.io);
            match window.long {
                true => self.work.io.add_round(io),
                false => self.work.io.add(io),
            }
            let large = if window.are_large { window.records } else { 0 };
            let brought = &mut self.work.brought;
            brought.add(window.records, large, window.is_compressed);
            let verdict = (self.policy).consider(self.now, self.led, self.shards, self.work);
            self.led = match verdict {
                Verdict::Stay => self.led,
                Verdict::Lead => Led::Yes,
                Verdict::GiveBack => Led::No,
            };
            verdict
        }

        /// The verdict after as many busy windows as it takes to give the lead back.
        fn after_some(&mut self, window: Window) -> Verdict {
            for _ in 1..BUSY_WINDOWS {
                assert_eq!(self.after(window), Verdict::Stay);
            }
            self.after(window)
        }

        /// Windows of few records until it leads: how many.
        fn windows_until_it_leads(&mut self) -> u32 {
            let most = (LONGEST_BREAK.as_millis() / WINDOW.as_millis()) as u32;
            (1..=most)
                .find(|_| self.after(FEW) == Verdict::Lead)
                .expect("it leads after the longest break")
        }
    }

    #[test]
    fn a_thread_leads_where_none_is_busy_or_javascript_has_little_to_do() {
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
            are_large: true,
            ..shared
        };
        let several = Window { other: 1.8, ..ECHO };
        let compressed = Window {
            is_compressed: true,
            ..ECHO
        };
        let nothing = Window { records: 0, ..ECHO };
        for (name, shards, window, verdict) in [
            ("few", 1, FEW, Verdict::Lead),
            ("few, on several", 2, FEW, Verdict::Lead),
            ("many, and none is busy", 1, quiet, Verdict::Lead),
            ("an echo", 1, ECHO, Verdict::Lead),
            ("an echo, on several", 2, ECHO, Verdict::Stay),
            ("work for two", 1, shared, Verdict::Stay),
            ("the same with large records", 1, large, Verdict::Lead),
            ("I/O for two threads", 1, several, Verdict::Stay),
            ("compression", 1, compressed, Verdict::Stay),
            ("no records", 1, nothing, Verdict::Stay),
        ] {
            let mut told = Told::new(shards);
            for _ in 1..SUITING_WINDOWS {
                assert_eq!(told.after(window), Verdict::Stay, "{name}");
            }
            assert_eq!(told.after(window), verdict, "{name}");
        }
        let (mut told, nothing) = (Told::new(1), Window { records: 0, ..FEW });
        for window in [FEW, nothing, FEW] {
            assert_eq!(told.after(window), Verdict::Stay);
        }
    }

    #[test]
    fn busy_windows_in_a_row_end_the_lead_unless_javascript_has_little_to_do() {
        let large = Window {
            are_large: true,
            ..BUSY_WITH_ELSE
        };
        let nothing = Window {
            records: 0,
            ..LED_ECHO
        };
        let compressed = Window {
            is_compressed: true,
            ..LED_ECHO
        };
        let long = Window {
            long: true,
            ..LED_ECHO
        };
        let at_times = Window {
            own: 0.5,
            io: 0.4,
            ..long
        };
        // It shares its core with others, and half of what it does is I/O.
        let sleepless = Window {
            own: 0.6,
            io: 0.5,
            sleeps: 0,
            ..BUSY_WITH_ELSE
        };
        for (name, shards, window, verdict) in [
            ("an echo", 1, LED_ECHO, Verdict::Stay),
            ("an echo, on several", 2, LED_ECHO, Verdict::GiveBack),
            ("few, on several", 2, FEW, Verdict::Stay),
            ("else to do", 1, BUSY_WITH_ELSE, Verdict::GiveBack),
            ("no sleep", 1, sleepless, Verdict::GiveBack),
            ("large records", 1, large, Verdict::Stay),
            ("none for JavaScript", 1, nothing, Verdict::GiveBack),
            ("compression", 1, compressed, Verdict::GiveBack),
            ("long rounds", 1, long, Verdict::GiveBack),
            ("long ones at times", 1, at_times, Verdict::GiveBack),
        ] {
            let verdict_now = Told::leading(shards).after_some(window);
            assert_eq!(verdict_now, verdict, "{name}");
        }
        let mut told = Told::leading(1);
        for window in [BUSY_WITH_ELSE, FEW, BUSY_WITH_ELSE] {
            assert_eq!(told.after(window), Verdict::Stay);
        }
    }

    #[test]
    fn each_break_is_twice_as_long_until_a_lead_lasts() {
        let mut told = Told::leading(1);
        let first = (FIRST_BREAK.as_millis() / WINDOW.as_millis()) as u32;
        for factor in [1, 2, 4] {
            assert_eq!(told.after_some(BUSY_WITH_ELSE), Verdict::GiveBack);
            assert_eq!(told.windows_until_it_leads(), first * factor);
        }
        for _ in 0..10 {
            told.after_some(BUSY_WITH_ELSE);
            told.windows_until_it_leads();
        }
        told.now += LONG_LEAD;
        assert_eq!(told.after(FEW), Verdict::Stay);
        assert_eq!(told.after_some(BUSY_WITH_ELSE), Verdict::GiveBack);
        assert_eq!(told.windows_until_it_leads(), first);
    }

    #[test]
    fn a_lead_that_was_taken_away_is_followed_by_a_break_as_well() {
        let mut told = Told::leading(1);
        told.led = Led::Taken;
        assert_eq!(told.after(FEW), Verdict::GiveBack);
        let windows = told.windows_until_it_leads();
        assert!(WINDOW * (windows - 1) >= FIRST_BREAK - WINDOW && windows > 1);
    }
}
