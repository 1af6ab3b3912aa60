//! What the server has used: CPU time by thread, and memory, from `/proc`.

use std::fs;
use std::path::PathBuf;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;
use crate::clock;

/// CPU time up to a moment.
#[derive(Clone, Copy, Default)]
pub struct Usage {
    /// When, by the monotonic clock.
    pub at: u64,
    /// Nanoseconds of all threads that live.
    pub process: u64,
    /// Nanoseconds of the main thread, which is the one of JavaScript in every peer.
    pub main: u64,
    /// Nanoseconds of the generator itself.
    pub generator: u64,
    /// Nanoseconds of everything on the machine, to within a tick.
    machine: u64,
}

impl Usage {
    /// What a process has used by now.
    pub fn read(pid: u32) -> Result<Self, Failure> {
        let mut usage = Self {
            at: clock::now(),
            generator: clock::own_cpu(),
            ..Self::default()
        };
        usage.machine = machine()?;
        for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
            let entry = entry?;
            // A thread that has ended in between counts as little as one that ended before.
            let Ok(spent) = on_cpu(entry.path().join("schedstat")) else {
                continue;
            };
            usage.process += spent;
            if entry.file_name().to_str() == Some(&pid.to_string()) {
                usage.main = spent;
            }
        }
        Ok(usage)
    }

    /// How many cores everything but the server and the generator took since then.
    pub fn others_since(&self, from: &Self) -> f64 {
        let spent = |usage: &Self| usage.machine as f64 - (usage.process + usage.generator) as f64;
        ((spent(self) - spent(from)) / (self.at - from.at) as f64).max(0.0)
    }
}

/// The time that all cores were busy, by `/proc/stat`: all but idle and waiting for I/O.
fn machine() -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/stat")?;
    let fields = text
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1);
    let ticks: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>()?;
    // user nice system idle iowait irq softirq steal
    let busy: u64 = [0, 1, 2, 5, 6, 7]
        .iter()
        .filter_map(|&field| ticks.get(field))
        .sum();
    Ok(busy * 1_000_000_000 / clock_ticks_per_second())
}

/// The first field of `schedstat`: nanoseconds on a CPU.
fn on_cpu(path: PathBuf) -> Result<u64, Failure> {
    let text = fs::read_to_string(path)?;
    Ok(text
        .split_whitespace()
        .next()
        .ok_or("schedstat is empty")?
        .parse()?)
}

/// The resident memory of a process, in bytes.
pub fn resident(pid: u32) -> Result<u64, Failure> {
    let text = fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let pages: u64 = text
        .split_whitespace()
        .nth(1)
        .ok_or("statm has no second field")?
        .parse()?;
    Ok(pages * page_size() as u64)
}

/// Has the server collect its garbage: each takes SIGUSR2 for that.
pub fn collect_garbage(pid: u32) -> Result<(), Failure> {
    let pid = Pid::from_raw(pid as i32).ok_or("no process 0")?;
    Ok(kill_process(pid, Signal::USR2)?)
}
