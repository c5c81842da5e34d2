//! Offsets that hold no record: the marks of transactions, what was aborted, what compaction took.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use super::save::saved;

/// The most runs of such offsets that are remembered of a partition; the oldest go first.
const MAX_GAPS: usize = 64;

/// What reading has gone over without finding a record.
#[derive(Debug, Clone, Default)]
pub(super) struct Gaps {
    /// The offset behind the newest record that was read, or that at which reading began.
    behind: i64,
    /// First and last of each run, ascending.
    runs: VecDeque<(i64, i64)>,
}

saved!(Gaps { behind, runs });

impl Gaps {
    /// Nothing was read yet, and reading begins at an offset.
    pub(super) fn beginning_at(offset: i64) -> Self {
        Self { behind: offset, runs: VecDeque::new() }
    }

    /// A record was read: there is none between it and the one before.
    pub(super) fn read(&mut self, offset: i64) {
        if offset > self.behind {
            if self.runs.len() >= MAX_GAPS {
                self.runs.pop_front();
            }
            self.runs.push_back((self.behind, offset - 1));
        }
        self.behind = self.behind.max(offset + 1);
    }

    /// The offset behind the newest record that was read.
    pub(super) fn behind(&self) -> i64 {
        self.behind
    }

    /// Whether it is known that no record lies at `from` or above, below `to`.
    pub(super) fn are_all(&self, from: i64, to: i64) -> bool {
        from >= to || self.runs.iter().any(|(first, last)| *first <= from && to - 1 <= *last)
    }

    /// The runs at `from` or above, below `to`.
    pub(super) fn between(&self, from: i64, to: i64) -> impl Iterator<Item = RangeInclusive<i64>> {
        let runs = self.runs.iter().map(move |(first, last)| (*first).max(from)..=(*last).min(to - 1));
        runs.filter(|run| !run.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{Gaps, MAX_GAPS};

    #[test]
    fn what_lies_between_two_records_is_none() {
        let mut gaps = Gaps::beginning_at(10);
        gaps.read(10);
        gaps.read(13);
        gaps.read(14);
        assert_eq!(gaps.behind(), 15);
        assert!(gaps.are_all(11, 13) && gaps.are_all(12, 13) && gaps.are_all(7, 7));
        assert!(!gaps.are_all(10, 13) && !gaps.are_all(11, 14) && !gaps.are_all(15, 16));
        assert_eq!(gaps.between(12, 40).collect::<Vec<_>>(), [12..=12]);
        assert_eq!(gaps.between(13, 40).count(), 0);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut gaps = Gaps::default();
        for offset in 1..=MAX_GAPS as i64 + 1 {
            gaps.read(offset * 2);
        }
        assert_eq!(gaps.runs.len(), MAX_GAPS);
        assert!(!gaps.are_all(0, 2) && gaps.are_all(3, 4));
    }
}
