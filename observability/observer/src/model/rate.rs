//! Counting lately, and how long things take.

use super::save::saved;
use crate::fact::Millis;

/// The length of one of the pieces into which the last minute is cut, in milliseconds.
const PIECE_MS: Millis = 5_000;
/// The pieces of a minute.
const PIECES: usize = 12;

/// How many in the last minute.
#[derive(Debug, Clone, Default)]
pub(super) struct Rate {
    counts: [u32; PIECES],
    /// The number of the newest piece since the epoch.
    newest: u64,
}

saved!(Rate { counts, newest });

impl Rate {
    /// Counts `count` at a time; one that is older than a minute counts nothing.
    pub(super) fn add(&mut self, count: u32, at: Millis) {
        let piece = at / PIECE_MS;
        if piece > self.newest {
            self.forget(piece);
        } else if self.newest - piece >= PIECES as u64 {
            return;
        }
        let slot = &mut self.counts[(piece % PIECES as u64) as usize];
        *slot = slot.saturating_add(count);
    }

    fn forget(&mut self, newest: u64) {
        for piece in (self.newest + 1..=newest).take(PIECES) {
            self.counts[(piece % PIECES as u64) as usize] = 0;
        }
        if newest - self.newest > PIECES as u64 {
            self.counts = [0; PIECES];
        }
        self.newest = newest;
    }

    /// How many in the minute before `now`.
    pub(super) fn last_minute(&self, now: Millis) -> u64 {
        let first = (now / PIECE_MS).saturating_sub(PIECES as u64 - 1);
        let oldest = self.newest.saturating_sub(PIECES as u64 - 1);
        (first.max(oldest)..=self.newest)
            .map(|piece| u64::from(self.counts[(piece % PIECES as u64) as usize]))
            .sum()
    }
}

/// The buckets of a sketch: each reaches a quarter further than the one before, from 1 ms to more than a day.
const BUCKETS: usize = 112;
/// The samples at which older ones begin to count half.
const MAX_SAMPLES: u32 = 100_000;

/// How long something takes: quantiles within a quarter, in a bound of bytes, the newer samples counting more.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    counts: [u32; BUCKETS],
    samples: u32,
}

saved!(Sketch { counts, samples });

impl Default for Sketch {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], samples: 0 }
    }
}

impl Sketch {
    /// Counts a duration in milliseconds.
    pub(super) fn add(&mut self, duration: Millis) {
        if self.samples >= MAX_SAMPLES {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.samples = self.counts.iter().sum();
        }
        self.counts[bucket(duration)] += 1;
        self.samples += 1;
    }

    /// The duration below which `share` of the samples lie, `None` without samples.
    pub(super) fn quantile(&self, share: f64) -> Option<Millis> {
        let wanted = (f64::from(self.samples) * share).ceil() as u32;
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted.max(1)
        });
        found.map(upper)
    }

    /// How many samples there are.
    pub(super) fn samples(&self) -> u32 {
        self.samples
    }
}

fn bucket(duration: Millis) -> usize {
    let mut low = 0;
    let mut high = BUCKETS - 1;
    while low < high {
        let middle = usize::midpoint(low, high);
        if upper(middle) >= duration { high = middle } else { low = middle + 1 }
    }
    low
}

/// The upper end of a bucket in milliseconds: four to each doubling.
fn upper(bucket: usize) -> Millis {
    let doubling = bucket / 4;
    let quarter = (bucket % 4) as u64;
    ((1_u64 << doubling) * (4 + quarter)).div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::{Rate, Sketch};

    #[test]
    fn only_the_last_minute_counts() {
        let mut rate = Rate::default();
        let now = 1_000_000_000;
        rate.add(3, now);
        rate.add(2, now - 30_000);
        rate.add(7, now - 90_000);
        assert_eq!(rate.last_minute(now), 5);
        assert_eq!(rate.last_minute(now + 40_000), 3);
        assert_eq!(rate.last_minute(now + 90_000), 0);
        rate.add(1, now + 1_000_000);
        assert_eq!(rate.last_minute(now + 1_000_000), 1);
    }

    #[test]
    fn a_quantile_lies_within_a_quarter() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.quantile(0.5), None);
        (1..=1_000).for_each(|duration| sketch.add(duration));
        let (half, most) = (sketch.quantile(0.5).unwrap(), sketch.quantile(0.99).unwrap());
        assert!((500..=640).contains(&half), "{half}");
        assert!((990..=1_280).contains(&most), "{most}");
        sketch.add(u64::MAX);
        (0..200_000).for_each(|_| sketch.add(0));
        assert!(sketch.quantile(0.5).unwrap() <= 1);
    }
}
