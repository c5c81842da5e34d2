//! Where a group begins that is to read what comes from now on: at the ends of its topics' logs, for every partition, and
//! before anybody reads. So a partition without a commit came later, whichever instance is given it. Waits for brokers:
//! runs on the errand thread.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;

use super::assign::committed;
use super::commit::commit_ends;
use super::context::StepConsumer;
use super::marks::{Marks, marks};
use super::partition::Partition;
use crate::clock;
use crate::engine::Slot;
use crate::ops::Missing;

/// The longest wait for one answer of a broker.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Between two looks whether the group has what was committed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The topics whose beginning could not be committed, because others are in the group already and none has committed
/// anything there: how many partitions each had when this step subscribed to it.
pub(super) type Unsettled = HashMap<Arc<str>, i32>;

/// Commits the ends of those of `topics` on which the group has no commit, and answers what stands in the way. An error
/// means that no broker answered.
///
/// Kafka takes commits from outside a group only while nobody is in it, so this never overwrites what a member
/// committed. Where it is refused, `unsettled` says from which partition on they came later.
pub(super) fn begin_at_ends<'a>(
    consumer: &StepConsumer,
    topics: impl Iterator<Item = &'a str>,
    unsettled: &mut Unsettled,
) -> KafkaResult<Vec<Missing>> {
    unsettled.clear();
    let mut missing = Vec::new();
    for topic in topics {
        let partitions = partitions_of(consumer, topic)?;
        if partitions.is_empty() || is_begun(consumer, &partitions)? {
            continue;
        }
        let ends = marks(consumer, &partitions, ANSWER_WITHIN)?;
        let is_known = |slot| ends.iter().any(|end: &Marks| end.slot == slot);
        if let Some((_, partition)) = partitions.iter().find(|(slot, _)| !is_known(*slot)) {
            let what = format!("a leader for partition {}, at whose end the step begins", partition.number);
            missing.push(Missing { topic: topic.to_owned(), what });
            continue;
        }
        commit_ends(
            consumer,
            partitions.iter().zip(&ends).map(|((_, partition), end)| (partition, end.high)),
        )?;
        if !is_begun_soon(consumer, &partitions)? {
            let count = i32::try_from(partitions.len()).unwrap_or(i32::MAX);
            unsettled.insert(topic.into(), count);
        }
    }
    Ok(missing)
}

/// The partitions that a topic has now, numbered for this look.
fn partitions_of(consumer: &StepConsumer, topic: &str) -> KafkaResult<Vec<(Slot, Partition)>> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
    let known = metadata.topics().iter().find(|known| known.name() == topic);
    let count = known.map_or(0, |known| u32::try_from(known.partitions().len()).unwrap_or(0));
    let topic: Arc<str> = topic.into();
    let numbers = (0..count).filter_map(|number| Some((Slot(number), i32::try_from(number).ok()?)));
    Ok(numbers.map(|(slot, number)| (slot, Partition { topic: Arc::clone(&topic), number })).collect())
}

/// Whether the group has a commit on any of these partitions.
fn is_begun(consumer: &StepConsumer, partitions: &[(Slot, Partition)]) -> KafkaResult<bool> {
    Ok(committed(consumer, partitions)?.iter().any(|committed| committed.offset.is_some()))
}

/// The same, once what was sent has had its time.
fn is_begun_soon(consumer: &StepConsumer, partitions: &[(Slot, Partition)]) -> KafkaResult<bool> {
    let end = clock::instant() + ANSWER_WITHIN;
    while !is_begun(consumer, partitions)? {
        if clock::instant() >= end {
            return Ok(false);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(true)
}

#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests {
    use super::super::assign::Begin;
    use super::super::context::StepContext;
    use super::super::embedded::EmbeddedBroker;
    use super::super::tests::running::{broker, feed_to, numbers, setup};
    use super::*;
    use crate::ops::Health;

    fn consumer(broker: &EmbeddedBroker) -> Arc<StepConsumer> {
        let setup = setup(broker, Begin::Latest, &Health::new());
        let context = StepContext::new(Arc::clone(&setup.status));
        setup.connection.consumer(&setup.name, &setup.group, context, Arc::default()).unwrap()
    }

    fn begun(consumer: &StepConsumer) -> (Vec<Option<i64>>, Vec<Missing>, Unsettled) {
        let mut unsettled = Unsettled::new();
        let missing = begin_at_ends(consumer, std::iter::once("in"), &mut unsettled).unwrap();
        let partitions = partitions_of(consumer, "in").unwrap();
        let committed = committed(consumer, &partitions).unwrap();
        (committed.into_iter().map(|committed| committed.offset).collect(), missing, unsettled)
    }

    #[test]
    fn a_group_begins_at_the_end_of_every_partition_before_anybody_reads_and_once() {
        let broker = broker(3);
        feed_to(&broker, Some(1), numbers(0..4));
        let ends = vec![Some(0), Some(4), Some(0)];
        assert_eq!(begun(&consumer(&broker)), (ends.clone(), Vec::new(), Unsettled::new()));
        feed_to(&broker, Some(1), numbers(4..9));
        assert_eq!(begun(&consumer(&broker)).0, ends);
    }

    #[test]
    fn without_a_leader_nobody_knows_where_to_begin() {
        let broker = broker(2);
        broker.cluster().partition_leader("in", 1, None).unwrap();
        let consumer = consumer(&broker);
        let (committed, missing, _) = begun(&consumer);
        assert_eq!(committed, [None, None]);
        assert!(missing[0].topic == "in" && missing[0].what.contains("partition 1"), "{missing:?}");
        broker.cluster().partition_leader("in", 1, Some(1)).unwrap();
        assert_eq!(begun(&consumer).0, [Some(0), Some(0)]);
    }
}
