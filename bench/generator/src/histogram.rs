//! Latencies, to within 1 %: 64 buckets to each power of two.

const SUB_BITS: u32 = 6;
const SUB: u64 = 1 << SUB_BITS;
const BUCKETS: usize = ((64 - SUB_BITS as usize) + 1) * SUB as usize;

/// Counts of nanoseconds.
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
        }
    }

    /// Counts one value.
    pub fn record(&mut self, nanoseconds: u64) {
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    /// Adds the values of another.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    /// The value that `part` of all (0 to 1) are at or below, in microseconds; 0 where there is none.
    pub fn quantile(&self, part: f64) -> f64 {
        let rank = (self.total as f64 * part).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(index) / 1000.0;
            }
        }
        0.0
    }
}

fn bucket(value: u64) -> usize {
    if value < SUB {
        return value as usize;
    }
    let shift = value.ilog2() - SUB_BITS;
    ((u64::from(shift + 1) << SUB_BITS) + ((value >> shift) - SUB)) as usize
}

fn middle(index: usize) -> f64 {
    let (power, sub) = (index as u64 >> SUB_BITS, index as u64 & (SUB - 1));
    if power == 0 {
        return sub as f64;
    }
    let shift = power - 1;
    (((SUB + sub) << shift) as f64) + ((1_u64 << shift) as f64) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_percent() {
        let mut histogram = Histogram::new();
        (1..=100_000).for_each(|value| histogram.record(value * 1000));
        for part in [0.5, 0.99, 0.999] {
            let exact = 100_000.0 * part;
            assert!(
                (histogram.quantile(part) / exact - 1.0).abs() < 0.01,
                "{part}"
            );
        }
    }

    #[test]
    fn an_empty_one_and_the_largest_value() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), 0.0);
        histogram.record(u64::MAX);
        assert!(histogram.quantile(0.5) > 1e15);
    }
}
