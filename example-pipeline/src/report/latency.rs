//! How long orders took, counted in bounded memory.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// Percentiles of a run, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Latencies {
    /// Half of the orders took no longer.
    pub p50_ms: u64,
    /// 99 of 100 orders took no longer.
    pub p99_ms: u64,
    /// The longest.
    pub max_ms: u64,
}

/// Counts times with three digits, however many there are: at most 900 counters for each power of ten.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: BTreeMap<u64, u64>,
    all: u64,
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, took: Duration) {
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        *self.counts.entry(three_digits(took)).or_default() += 1;
        self.all += 1;
    }

    /// The percentiles of what was counted; all zero if nothing was.
    pub fn latencies(&self) -> Latencies {
        let max_ms = self.counts.last_key_value().map_or(0, |(took, _)| *took);
        Latencies { p50_ms: self.percentile(50), p99_ms: self.percentile(99), max_ms }
    }

    /// The least time that `percent` of 100 did not exceed.
    fn percentile(&self, percent: u64) -> u64 {
        let wanted = (self.all * percent).div_ceil(100);
        let mut seen = 0;
        let reached = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen >= wanted
        });
        reached.map_or(0, |(took, _)| *took)
    }
}

/// Rounds down to three digits: 12,345 becomes 12,300.
fn three_digits(value: u64) -> u64 {
    let mut unit = 1;
    while value / unit >= 1_000 {
        unit *= 10;
    }
    value / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Latencies {
        let mut histogram = Histogram::default();
        millis.into_iter().for_each(|took| histogram.add(Duration::from_millis(took)));
        histogram.latencies()
    }

    #[test]
    fn percentiles_of_a_hundred() {
        assert_eq!(of(1..=100), Latencies { p50_ms: 50, p99_ms: 99, max_ms: 100 });
        assert_eq!(of([7]), Latencies { p50_ms: 7, p99_ms: 7, max_ms: 7 });
        assert_eq!(of([]), Latencies::default());
    }

    #[test]
    fn memory_is_bounded_by_three_digits() {
        let mut histogram = Histogram::default();
        (0..1_000_000).for_each(|took| histogram.add(Duration::from_millis(took)));
        assert!(histogram.counts.len() <= 1_000 + 3 * 900, "{}", histogram.counts.len());
        assert_eq!(histogram.latencies().p50_ms, 499_000);
        assert_eq!(three_digits(u64::MAX), 18_400_000_000_000_000_000);
    }
}
