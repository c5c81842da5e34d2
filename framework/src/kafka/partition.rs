//! Partitions as own values, and their stable numbers.

use std::collections::HashMap;
use std::sync::Arc;

use rdkafka::{Offset, TopicPartitionList};

use crate::engine::Slot;

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Partition {
    /// The topic's name on the broker, with the namespace.
    pub(super) topic: Arc<str>,
    /// The partition's number.
    pub(super) number: i32,
}

impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.topic, self.number)
    }
}

/// Copies what librdkafka's list names.
pub(super) fn named(list: &TopicPartitionList) -> Vec<Partition> {
    list.elements()
        .iter()
        .map(|element| Partition { topic: element.topic().into(), number: element.partition() })
        .collect()
}

/// Copies the offsets of librdkafka's list; what it has none of is left out.
pub(super) fn offsets(list: &TopicPartitionList) -> HashMap<Partition, i64> {
    let elements = list.elements();
    let known = elements.iter().filter_map(|element| match element.offset() {
        Offset::Offset(offset) => {
            Some((Partition { topic: element.topic().into(), number: element.partition() }, offset))
        }
        _ => None,
    });
    known.collect()
}

/// A list for one call into librdkafka, without offsets. Must not outlive the calling function.
pub(super) fn list<'p>(partitions: impl IntoIterator<Item = &'p Partition>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(&partition.topic, partition.number);
    }
    list
}

/// A list for one call into librdkafka, with an offset for each partition. Must not outlive the calling
/// function. Negative offsets, which mean other things to librdkafka, are left out.
pub(super) fn list_at<'p>(starts: impl IntoIterator<Item = (&'p Partition, i64)>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in starts {
        let mut element = list.add_partition(&partition.topic, partition.number);
        let settable = element.set_offset(Offset::Offset(offset));
        debug_assert!(settable.is_ok(), "a plain offset is always settable: {offset}");
    }
    list
}

/// A stable number for each partition that this step ever held.
///
/// Bounded by the partitions of the step's input topics.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// One row for each topic, which are few.
    topics: Vec<(Arc<str>, Vec<Option<Slot>>)>,
    /// The partition of each slot, in the order of their numbers.
    partitions: Vec<Partition>,
}

impl Slots {
    /// The partition's number, new if it has none yet.
    pub(super) fn of(&mut self, partition: &Partition) -> Slot {
        let row = self.topics.iter().position(|(topic, _)| *topic == partition.topic).unwrap_or_else(|| {
            self.topics.push((Arc::clone(&partition.topic), Vec::new()));
            self.topics.len() - 1
        });
        let numbers = &mut self.topics[row].1;
        let column = usize::try_from(partition.number).unwrap_or(0);
        if numbers.len() <= column {
            numbers.resize(column + 1, None);
        }
        *numbers[column].get_or_insert_with(|| {
            self.partitions.push(partition.clone());
            Slot(u32::try_from(self.partitions.len() - 1).unwrap_or(u32::MAX))
        })
    }

    /// The number of a partition that has one.
    pub(super) fn find(&self, topic: &str, number: i32) -> Option<Slot> {
        let (_, numbers) = self.topics.iter().find(|(name, _)| **name == *topic)?;
        *numbers.get(usize::try_from(number).ok()?)?
    }

    /// The partition of a slot that this table gave out.
    pub(super) fn partition(&self, slot: Slot) -> &Partition {
        &self.partitions[slot.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::topic_partition_list::TopicPartitionListElem;

    use super::*;

    fn partition(topic: &str, number: i32) -> Partition {
        Partition { topic: topic.into(), number }
    }

    #[test]
    fn a_slot_is_the_same_for_the_same_partition_and_nobody_elses() {
        let mut slots = Slots::default();
        let all = [partition("a", 0), partition("b", 7), partition("a", 3), partition("b", 0)];
        let numbers: Vec<_> = all.iter().map(|partition| slots.of(partition)).collect();
        assert_eq!(numbers, [Slot(0), Slot(1), Slot(2), Slot(3)]);
        for (partition, slot) in all.iter().zip(&numbers) {
            assert_eq!(slots.of(partition), *slot);
            assert_eq!(slots.find(&partition.topic, partition.number), Some(*slot));
            assert_eq!(slots.partition(*slot), partition);
        }
        assert_eq!(slots.find("a", 1), None);
        assert_eq!(slots.find("a", -1), None);
        assert_eq!(slots.find("c", 0), None);
    }

    #[test]
    fn a_list_and_back() {
        let all = vec![partition("a", 0), partition("b", 7)];
        assert_eq!(named(&list(&all)), all);
        assert_eq!(named(&TopicPartitionList::new()), []);
        let at = list_at([(&all[0], 0), (&all[1], 42)]);
        let offsets: Vec<_> = at.elements().iter().map(TopicPartitionListElem::offset).collect();
        assert_eq!(offsets, [Offset::Offset(0), Offset::Offset(42)]);
        let [first, second] = &all[..] else { panic!("two") };
        assert_eq!(super::offsets(&at), [(first.clone(), 0), (second.clone(), 42)].into());
        assert_eq!(super::offsets(&list(&all)), HashMap::new());
    }
}
