//! What a run has measured, as one line of JSON.

use std::fmt;

use crate::Failure;
use crate::crew::Tally;
use crate::usage;

/// Names and numbers; `null` where there is none.
pub struct Report(Vec<(&'static str, f64)>);

impl Report {
    /// A run that has a rate: `count` things that came in between two readings of the usage.
    pub fn of_rate(tally: &Tally, pid: u32) -> Result<Self, Failure> {
        let Tally {
            count,
            from,
            to,
            latency,
        } = tally;
        let count = *count;
        if count == 0 {
            return Err("nothing came while it was measured".into());
        }
        let seconds = (to.at - from.at) as f64 / 1e9;
        let each = |nanoseconds: u64| nanoseconds as f64 / 1000.0 / count as f64;
        Ok(Self(vec![
            ("rate", count as f64 / seconds),
            ("cpu", each(to.process - from.process)),
            ("jsCpu", each(to.main - from.main)),
            ("generatorCpu", each(to.generator - from.generator)),
            ("cores", (to.process - from.process) as f64 / 1e9 / seconds),
            ("others", to.others_since(from)),
            ("p50", latency.quantile(0.5)),
            ("p99", latency.quantile(0.99)),
            ("p999", latency.quantile(0.999)),
            ("rss", usage::resident(pid)? as f64),
        ]))
    }

    /// A run that measures something else.
    pub fn of(values: Vec<(&'static str, f64)>) -> Self {
        Self(values)
    }

    /// Adds a value.
    pub fn with(mut self, name: &'static str, value: f64) -> Self {
        self.0.push((name, value));
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            write!(
                f,
                "{}\"{name}\":{value:.6}",
                if index == 0 { "{" } else { "," }
            )?;
        }
        write!(f, "}}")
    }
}
