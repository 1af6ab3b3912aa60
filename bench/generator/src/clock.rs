//! Nanoseconds of the monotonic clock, and the phases of a run.

use rustix::time::{ClockId, clock_gettime};

use crate::args::Settings;

/// How long the last messages are waited for.
const DRAIN: u64 = 15_000_000_000;

/// Now, in nanoseconds.
pub fn now() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// The CPU time that this process has taken, in nanoseconds.
pub fn own_cpu() -> u64 {
    nanoseconds(ClockId::ProcessCPUTime)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Where a run is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Everything runs, nothing is counted.
    Warmup,
    /// What is measured.
    Measured,
    /// Nothing new is sent; what is under way is waited for.
    Drain,
}

/// The phases by the clock.
#[derive(Clone, Copy)]
pub struct Phases {
    /// The one that a run is in.
    pub phase: Phase,
    until: u64,
    measured: u64,
    overdue: bool,
}

impl Phases {
    /// Begins with the warm-up.
    pub fn begin(settings: &Settings) -> Self {
        let measured = settings.measured.as_nanos() as u64;
        let until = now() + settings.warmup.as_nanos() as u64;
        Self {
            phase: Phase::Warmup,
            until,
            measured,
            overdue: false,
        }
    }

    /// Goes on to the next phase where its time has come, and says whether it has.
    pub fn turn(&mut self, now: u64) -> bool {
        if now < self.until {
            return false;
        }
        let (next, lasts) = match self.phase {
            Phase::Warmup => (Phase::Measured, self.measured),
            Phase::Measured | Phase::Drain => (Phase::Drain, DRAIN),
        };
        self.overdue = self.phase == Phase::Drain;
        self.phase = next;
        self.until = now + lasts;
        true
    }

    /// Whether the last messages have been waited for long enough.
    pub fn overdue(&self) -> bool {
        self.overdue
    }

    /// When the phase ends.
    pub fn deadline(&self) -> u64 {
        self.until
    }
}
