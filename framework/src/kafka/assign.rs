//! Where to start reading partitions that are newly ours. Waits for brokers: runs on the errand thread.

use std::ops::Range;
use std::time::Duration;

use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;

use super::begin::Unsettled;
use super::context::StepConsumer;
use super::foreign::foreign;
use super::marks::{Marks, marks};
use super::partition::{Partition, list, list_at};
use crate::engine::Slot;

/// The longest wait for one answer of a broker.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Where a group without commits begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// At the log's start.
    Earliest,
    /// At the log's end, for all partitions that there are when the group begins; commits make that durable. One that is
    /// added later is read from its start, whichever instance is given it.
    Latest,
    /// At the first record whose timestamp is not earlier than this, in milliseconds since the Unix epoch.
    At(i64),
}

/// Where one partition is to be read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) slot: Slot,
    pub(super) partition: Partition,
    /// The first record to read.
    pub(super) offset: i64,
    /// What the group committed, moved up to the log's start where retention was faster.
    pub(super) committed: Option<i64>,
    /// What the group itself has, whether or not it is good for anything.
    pub(super) before: Option<i64>,
    /// What stood beside the commit.
    pub(super) metadata: Option<String>,
    /// The commit has to be made before the first record is read.
    pub(super) commit_first: bool,
    /// What retention took before it was read.
    pub(super) lost: Option<Range<i64>>,
    /// The commit lies beyond the log's end: the topic is not the one that was committed.
    pub(super) beyond: bool,
}

/// What the group committed for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Committed {
    pub(super) offset: Option<i64>,
    metadata: Option<String>,
}

/// Asks the brokers where to start each of `partitions`, and answers what is known. A partition whose log nobody knows,
/// for want of a leader, begins at its commit; without one it is left out, to be asked about again.
pub(super) fn starts(
    consumer: &StepConsumer,
    partitions: &[(Slot, Partition)],
    begin: Begin,
    unsettled: &Unsettled,
) -> KafkaResult<Vec<Start>> {
    let committed = committed(consumer, partitions)?;
    let marks = marks(consumer, partitions, ANSWER_WITHIN)?;
    let marks_of = |slot| marks.iter().find(|marks: &&Marks| marks.slot == slot);
    let named = committed.iter().zip(partitions);
    let new: Vec<&Partition> = named
        .filter(|(committed, (slot, _))| committed.offset.is_none() && marks_of(*slot).is_some())
        .map(|(_, (_, partition))| partition)
        .collect();
    let at = match begin {
        Begin::At(time) if !new.is_empty() => offsets_at(consumer, &new, time)?,
        _ => Vec::new(),
    };
    let starts = partitions.iter().zip(committed).filter_map(|((slot, partition), committed)| {
        let at = at.iter().find(|(of, _)| of == partition).and_then(|(_, offset)| *offset);
        let begin = begin.of(partition, unsettled);
        start(*slot, partition, committed, marks_of(*slot), begin, at)
    });
    Ok(starts.collect())
}

impl Begin {
    /// Where to begin with one partition that has no commit: one that was not there when the group began holds only what
    /// came since.
    fn of(self, partition: &Partition, unsettled: &Unsettled) -> Self {
        let was_there = unsettled.get(&partition.topic).is_some_and(|count| partition.number < *count);
        if self == Self::Latest && !was_there { Self::Earliest } else { self }
    }
}

/// The decision for one partition; `None` where it takes more than is known. `at` is the offset that belongs to
/// [`Begin::At`], where there is one.
fn start(
    slot: Slot,
    partition: &Partition,
    committed: Committed,
    marks: Option<&Marks>,
    begin: Begin,
    at: Option<i64>,
) -> Option<Start> {
    let before = committed.offset;
    let fresh = |offset, committed, commit_first| Start {
        slot,
        partition: partition.clone(),
        offset,
        committed,
        before,
        metadata: None,
        commit_first,
        lost: None,
        beyond: false,
    };
    Some(match (committed.offset, marks, begin) {
        (Some(offset), Some(marks), _) if offset > marks.high => {
            Start { beyond: true, ..fresh(marks.low, Some(marks.low), true) }
        }
        (Some(offset), Some(marks), _) if offset < marks.low => {
            Start { lost: Some(offset..marks.low), ..fresh(marks.low, Some(marks.low), false) }
        }
        // Whether the log still has it shows in reading where nobody knows yet.
        (Some(offset), ..) => Start { metadata: committed.metadata, ..fresh(offset, Some(offset), false) },
        (None, None, _) => return None,
        (None, Some(marks), Begin::Earliest) => fresh(marks.low, None, false),
        (None, Some(marks), Begin::Latest) => fresh(marks.high, Some(marks.high), true),
        (None, Some(marks), Begin::At(_)) => fresh(at.unwrap_or(marks.high), None, false),
    })
}

/// What the group committed for each of `partitions`, in their order.
pub(super) fn committed(
    consumer: &StepConsumer,
    partitions: &[(Slot, Partition)],
) -> KafkaResult<Vec<Committed>> {
    let asked = list(partitions.iter().map(|(_, partition)| partition));
    let answer = consumer.committed_offsets(asked, ANSWER_WITHIN)?;
    let mut committed = Vec::with_capacity(partitions.len());
    for (_, partition) in partitions {
        let element = answer.find_partition(&partition.topic, partition.number);
        committed.push(match element {
            Some(element) => {
                element.error()?;
                let offset = match element.offset() {
                    Offset::Offset(offset) => Some(offset),
                    _ => None,
                };
                let metadata = foreign(|| element.metadata().to_owned()).filter(|text| !text.is_empty());
                Committed { offset, metadata }
            }
            None => Committed { offset: None, metadata: None },
        });
    }
    Ok(committed)
}

/// The first offset at or after `time` in each of `partitions`; `None` where there is no such record yet.
fn offsets_at(
    consumer: &StepConsumer,
    partitions: &[&Partition],
    time: i64,
) -> KafkaResult<Vec<(Partition, Option<i64>)>> {
    let asked = list_at(partitions.iter().map(|partition| (*partition, time.max(0))));
    let answer = consumer.offsets_for_times(asked, ANSWER_WITHIN)?;
    let mut offsets = Vec::with_capacity(partitions.len());
    for element in answer.elements() {
        element.error()?;
        let offset = match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        offsets.push((Partition { topic: element.topic().into(), number: element.partition() }, offset));
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(
        committed: Option<i64>,
        marks: Option<(i64, i64)>,
        begin: Begin,
        at: Option<i64>,
    ) -> Option<Start> {
        let partition = Partition { topic: "orders".into(), number: 0 };
        let committed = Committed { offset: committed, metadata: Some("ours".to_owned()) };
        let marks = marks.map(|(low, high)| Marks { slot: Slot(0), low, high });
        start(Slot(0), &partition, committed, marks.as_ref(), begin, at)
    }

    fn decided(committed: Option<i64>, marks: (i64, i64), begin: Begin, at: Option<i64>) -> Start {
        known(committed, Some(marks), begin, at).unwrap()
    }

    #[test]
    fn a_partition_without_a_leader_begins_at_its_commit_or_waits() {
        for begin in [Begin::Earliest, Begin::Latest, Begin::At(1)] {
            let start = known(Some(7), None, begin, None).unwrap();
            assert_eq!(
                (start.offset, start.committed, start.metadata.as_deref()),
                (7, Some(7), Some("ours"))
            );
            assert_eq!(known(None, None, begin, None), None);
        }
    }

    #[test]
    fn a_commit_inside_the_log_is_where_reading_goes_on() {
        let start = decided(Some(7), (3, 10), Begin::Latest, None);
        assert_eq!((start.offset, start.committed, start.metadata.as_deref()), (7, Some(7), Some("ours")));
        assert!(!start.commit_first && !start.beyond && start.lost.is_none());
        assert_eq!(decided(Some(10), (3, 10), Begin::Earliest, None).offset, 10);
        assert_eq!(decided(Some(3), (3, 10), Begin::Earliest, None).lost, None);
    }

    #[test]
    fn what_retention_took_is_named_and_its_metadata_forgotten() {
        let start = decided(Some(2), (5, 10), Begin::Earliest, None);
        assert_eq!((start.offset, start.committed, start.lost), (5, Some(5), Some(2..5)));
        assert_eq!(start.metadata, None);
    }

    #[test]
    fn a_commit_beyond_the_log_reads_what_there_is() {
        let start = decided(Some(11), (3, 10), Begin::Earliest, None);
        assert_eq!((start.offset, start.beyond), (3, true));
        // The topic made anew may outgrow the old commit before there is one of our own.
        assert_eq!((start.committed, start.before, start.commit_first), (Some(3), Some(11), true));
    }

    #[test]
    fn a_partition_that_came_later_has_nothing_from_before() {
        let unsettled = Unsettled::from([("orders".into(), 2)]);
        let begin =
            |begin: Begin, number| begin.of(&Partition { topic: "orders".into(), number }, &unsettled);
        assert_eq!(begin(Begin::Latest, 1), Begin::Latest);
        assert_eq!(begin(Begin::Latest, 2), Begin::Earliest);
        assert_eq!(begin(Begin::At(7), 2), Begin::At(7));
        // Where the group's beginning is committed, whatever has no commit came later.
        let settled = Partition { topic: "payments".into(), number: 0 };
        assert_eq!(Begin::Latest.of(&settled, &unsettled), Begin::Earliest);
    }

    #[test]
    fn a_group_without_commits_begins_where_the_step_says() {
        assert_eq!(decided(None, (3, 10), Begin::Earliest, None).offset, 3);
        let latest = decided(None, (3, 10), Begin::Latest, None);
        assert_eq!((latest.offset, latest.committed, latest.commit_first), (10, Some(10), true));
        assert_eq!(decided(None, (3, 10), Begin::At(1), Some(6)).offset, 6);
        assert_eq!(decided(None, (3, 10), Begin::At(1), None).offset, 10, "no record that late yet");
    }
}
