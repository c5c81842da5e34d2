//! Where the logs begin and end, against where the step stands. Waits for brokers: runs on the errand thread.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::metadata::MetadataTopic;

use super::context::StepConsumer;
use super::partition::Partition;
use crate::clock;
use crate::engine::Slot;

/// Where one partition's log begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) slot: Slot,
    /// The first offset that the log still holds.
    pub(super) low: i64,
    /// The offset after the last one that can be read.
    pub(super) high: i64,
}

/// Asks for the marks of each of `partitions`, and answers those that are known: of a partition without a leader nobody
/// knows them. An error means that no broker answered at all.
///
/// What does not answer costs `within` once for all of it, and as much where no broker answers.
pub(super) fn marks(
    consumer: &StepConsumer,
    partitions: &[(Slot, Partition)],
    within: Duration,
) -> KafkaResult<Vec<Marks>> {
    let leaderless = leaderless(consumer, partitions, within)?;
    let mut patience = within;
    let asked = partitions.iter().filter(|(_, partition)| !leaderless.contains(partition));
    let known = asked.filter_map(|(slot, partition)| {
        if patience.is_zero() {
            return None;
        }
        let began = clock::instant();
        match consumer.fetch_watermarks(&partition.topic, partition.number, patience) {
            Ok((low, high)) => Some(Marks { slot: *slot, low, high }),
            Err(error) => {
                patience = patience.saturating_sub(began.elapsed());
                tracing::debug!(%partition, %error, "no broker answered where a log begins and ends");
                None
            }
        }
    });
    Ok(known.collect())
}

/// Those of `partitions` that have no leader: to ask about one is to wait for it.
fn leaderless(
    consumer: &StepConsumer,
    partitions: &[(Slot, Partition)],
    within: Duration,
) -> KafkaResult<Vec<Partition>> {
    let mut topics: Vec<&Arc<str>> = partitions.iter().map(|(_, partition)| &partition.topic).collect();
    topics.sort_unstable();
    topics.dedup();
    let mut leaderless = Vec::new();
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(topic), within)?;
        let known = metadata.topics().iter().filter(|known| known.name() == &**topic);
        let without = known.flat_map(MetadataTopic::partitions).filter(|partition| partition.leader() < 0);
        leaderless
            .extend(without.map(|partition| Partition { topic: Arc::clone(topic), number: partition.id() }));
    }
    Ok(leaderless)
}

/// How far one partition has been read since the marks were last compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// The next offset expected. Only reading moves it: records from before a log's start that moved may have been
    /// fetched in time, and one that came below this would pass for a log that was cut.
    position: i64,
    /// What lies from `position` up to here was passed over and is no record: the marks of transactions, and what was
    /// aborted.
    passed: i64,
    /// The widest run of offsets that never came. Compaction and transactions leave such runs too: only one
    /// that lies before the log's start was taken by retention.
    gap: Option<(i64, i64)>,
    /// Where reading stood when the marks were last compared.
    compared: Option<i64>,
    /// What was lost below this is told.
    told: i64,
}

impl Progress {
    /// Nothing read yet.
    pub(super) fn at(position: i64) -> Self {
        Self { position, passed: position, gap: None, compared: None, told: position }
    }

    /// The next offset expected.
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    /// The client has come to `reached` and brought no record since [`position`](Self::position), in a log that begins at
    /// `low`: one that still held all of it held none. The client may speak of what it read before the partition was
    /// given away, so a later word replaces an earlier one.
    pub(super) fn pass(&mut self, reached: i64, low: i64) {
        if low <= self.position {
            self.passed = reached;
        }
    }

    /// The offset before which nothing is left to read.
    pub(super) fn end(&self) -> i64 {
        self.position.max(self.passed)
    }

    /// A record came.
    pub(super) fn read(&mut self, offset: i64) {
        if offset > self.position {
            let wider = self.gap.is_none_or(|(from, to)| offset - self.position > to - from);
            if wider {
                self.gap = Some((self.position, offset));
            }
        }
        self.position = offset.saturating_add(1);
    }

    /// What retention took unread, given where the log begins now: what reading jumped over, or has not come to since
    /// the marks were last compared. Forgets the gap: it was compared.
    pub(super) fn lost(&mut self, low: i64) -> Option<Range<i64>> {
        let stands = self.compared.replace(self.position) == Some(self.position);
        let (from, to) = match self.gap.take() {
            Some((from, to)) if from < low => (from, to.min(low)),
            _ if stands => (self.end(), low),
            _ => return None,
        };
        let from = from.max(self.told);
        if from >= to {
            return None;
        }
        // What is told once is not told again, though reading has not come there yet.
        self.told = to;
        Some(from..to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_counts_as_lost_only_before_the_logs_start() {
        let mut compacted = Progress::at(0);
        compacted.read(0);
        compacted.read(40);
        assert_eq!(compacted.lost(0), None);
        let mut expired = Progress::at(0);
        expired.read(0);
        expired.read(40);
        expired.read(41);
        assert_eq!(expired.lost(40), Some(1..40));
        assert_eq!(expired.lost(40), None, "told once");
    }

    #[test]
    fn a_log_that_moved_past_a_reader_that_stands_still_is_told_once() {
        let mut progress = Progress::at(10);
        assert_eq!(progress.lost(25), None, "they may have been fetched in time");
        assert_eq!(progress.lost(25), Some(10..25));
        assert_eq!(progress.lost(30), Some(25..30));
        assert_eq!(progress.position(), 10, "what comes below the log's start was fetched in time");
        progress.read(30);
        assert_eq!(progress.lost(30), None, "told once");
        assert_eq!(progress.position(), 31);
    }

    #[test]
    fn what_is_read_though_the_log_moved_is_not_lost() {
        let mut progress = Progress::at(10);
        assert_eq!(progress.lost(25), None);
        for offset in 10..14 {
            progress.read(offset);
        }
        assert_eq!(progress.lost(25), None);
        progress.read(25);
        assert_eq!(progress.lost(25), Some(14..25));
    }

    #[test]
    fn what_was_passed_over_is_read_to_the_end_and_not_lost() {
        let mut progress = Progress::at(0);
        progress.read(0);
        progress.pass(2, 0);
        assert_eq!((progress.end(), progress.position()), (2, 1), "one mark");
        assert_eq!(progress.lost(0), None);
        assert_eq!(progress.lost(2), None, "retention took the mark");
        assert_eq!(progress.lost(3), Some(2..3), "and what lay behind it, unread");
        // Records that retention took are none that were passed over.
        let mut late = Progress::at(5);
        late.pass(11, 10);
        assert_eq!(late.end(), 5);
        // What the client says of an earlier time it takes back.
        late.pass(11, 5);
        late.pass(5, 5);
        assert_eq!(late.end(), 5);
    }

    #[test]
    fn reading_in_order_loses_nothing() {
        let mut progress = Progress::at(3);
        for offset in 3..9 {
            progress.read(offset);
        }
        assert_eq!(progress.lost(7), None);
        assert_eq!(progress.position(), 9);
    }
}
