//! How far a group's commit is behind the end of a partition.

use std::time::Duration;

use super::marks::{Marks, Progress};

/// What is known of the first record that the group has not committed. Times are in milliseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct Behind {
    /// The offset that the group has, as far as it was told.
    committed: i64,
    /// When that record was written. It stays the first until the next commit.
    oldest: Option<i64>,
    /// When the record read last was written, or one shortly before it; at first, when the partition became ours.
    seen: i64,
}

impl Behind {
    /// A partition that became ours at `wall`, of which the group has `committed`.
    pub(super) fn at(committed: i64, wall: i64) -> Self {
        Self { committed, oldest: None, seen: wall }
    }

    /// A record was read that was written at `timestamp`.
    pub(super) fn read(&mut self, timestamp: Option<i64>) {
        self.seen = timestamp.unwrap_or(self.seen);
    }

    /// The group took a commit; of what is unsettled now the first was written at `unsettled`.
    pub(super) fn committed(&mut self, offset: i64, unsettled: Option<i64>) {
        self.committed = self.committed.max(offset);
        self.oldest = unsettled;
    }

    /// How many records are not committed, and the age of the first of them at `wall`. Of what is unsettled the first was
    /// written at `unsettled`.
    pub(super) fn lag(
        &mut self,
        (marks, progress): (&Marks, &Progress),
        unsettled: Option<i64>,
        wall: i64,
    ) -> (i64, Duration) {
        let is_read = self.committed < progress.position();
        // Behind what was read there may be marks of transactions, which nobody commits.
        let from = if is_read { self.committed } else { self.committed.max(progress.end()) };
        let records = marks.high.saturating_sub(from.max(marks.low)).max(0);
        if records == 0 {
            self.oldest = None;
            return (0, Duration::ZERO);
        }
        // One that was not read yet is hardly younger than the last that was.
        let first =
            if is_read { *self.oldest.get_or_insert(unsettled.unwrap_or(self.seen)) } else { self.seen };
        (records, age(first, wall))
    }
}

/// How long ago `written` was at `wall`; nothing where it lies ahead.
fn age(written: i64, wall: i64) -> Duration {
    Duration::from_millis(u64::try_from(wall.saturating_sub(written)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Slot;

    /// Read up to `position` of a log that ends at `high`.
    fn stand(high: i64, position: i64) -> (Marks, Progress) {
        (Marks { slot: Slot(0), low: 0, high }, Progress::at(position))
    }

    fn told(behind: &mut Behind, (marks, progress): (Marks, Progress), unsettled: Option<i64>) -> (i64, u64) {
        let (records, age) = behind.lag((&marks, &progress), unsettled, 10_000);
        (records, age.as_millis() as u64)
    }

    #[test]
    fn what_is_read_and_not_settled_is_behind_and_as_old_as_the_first_of_it() {
        let mut behind = Behind::at(5, 0);
        behind.read(Some(9_000));
        assert_eq!(told(&mut behind, stand(900, 900), Some(2_000)), (895, 8_000));
    }

    #[test]
    fn the_first_stays_the_first_until_the_group_has_it() {
        let mut behind = Behind::at(0, 0);
        behind.read(Some(9_000));
        assert_eq!(told(&mut behind, stand(3, 3), Some(2_000)), (3, 8_000));
        // Settled, but the commit did not go through.
        assert_eq!(told(&mut behind, stand(3, 3), Some(7_000)), (3, 8_000));
        behind.committed(2, Some(7_000));
        assert_eq!(told(&mut behind, stand(3, 3), None), (1, 3_000));
        behind.committed(3, None);
        assert_eq!(told(&mut behind, stand(3, 3), None), (0, 0));
        // A later one is not as old as one that was committed.
        behind.read(Some(9_900));
        assert_eq!(told(&mut behind, stand(4, 4), None), (1, 100));
    }

    #[test]
    fn a_partition_of_which_nothing_was_read_is_behind_since_it_is_ours() {
        let mut behind = Behind::at(0, 4_000);
        assert_eq!(told(&mut behind, stand(900, 0), None), (900, 6_000));
        assert_eq!(told(&mut behind, stand(0, 0), None), (0, 0));
    }

    #[test]
    fn marks_of_transactions_are_not_waited_for() {
        let mut behind = Behind::at(7, 0);
        let (marks, mut progress) = stand(9, 7);
        progress.pass(9, 0);
        assert_eq!(told(&mut behind, (marks, progress), None), (0, 0));
    }

    #[test]
    fn what_retention_took_is_not_waited_for() {
        let mut behind = Behind::at(5, 0);
        let (marks, progress) = stand(20, 5);
        let marks = Marks { low: 15, ..marks };
        assert_eq!(behind.lag((&marks, &progress), None, 10_000).0, 5);
    }

    #[test]
    fn a_timestamp_from_before_all_time_is_very_old() {
        assert_eq!(age(i64::MIN, 1_000), Duration::from_millis(i64::MAX as u64));
        assert_eq!(age(900, 1_000), Duration::from_millis(100));
        assert_eq!(age(2_000, 1_000), Duration::ZERO);
    }
}
