//! The log in memory: topics, their partitions, what every group committed there.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    partitioner::partition_of,
    record::{Body, LogRecord},
};
use crate::runner::port::RawRecord;

/// A group's progress in one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Committed {
    /// The next record to read.
    pub(crate) offset: i64,
    /// What the group wrote beside it.
    pub(crate) metadata: Option<String>,
}

/// One partition: its records in order and who read how far.
#[derive(Debug, Default)]
struct Partition {
    records: Vec<LogRecord>,
    committed: BTreeMap<Arc<str>, Committed>,
}

#[derive(Debug)]
struct Topic {
    name: Arc<str>,
    partitions: Vec<Partition>,
}

/// All topics. A topic comes to be when it is first named; nothing is ever deleted.
#[derive(Debug, Default)]
pub(crate) struct Log {
    topics: BTreeMap<Arc<str>, Topic>,
}

impl Log {
    /// Creates the topic where it is not there yet and says how many partitions it has.
    pub(crate) fn ensure(&mut self, topic: &str, partitions: usize) -> usize {
        if let Some(topic) = self.topics.get(topic) {
            return topic.partitions.len();
        }
        let name: Arc<str> = topic.into();
        let partitions = (0..partitions.max(1)).map(|_| Partition::default()).collect::<Vec<_>>();
        let count = partitions.len();
        self.topics.insert(Arc::clone(&name), Topic { name, partitions });
        count
    }

    /// How many partitions the topic has; 0 where it is not there.
    pub(crate) fn partitions(&self, topic: &str) -> usize {
        self.topics.get(topic).map_or(0, |topic| topic.partitions.len())
    }

    /// Where a record with this key belongs; `chance` decides for records without one.
    pub(crate) fn place(&self, topic: &str, key: Option<&[u8]>, chance: u64) -> i32 {
        let partitions = self.partitions(topic).max(1);
        key.map_or_else(|| (chance % partitions as u64) as usize, |key| partition_of(key, partitions)) as i32
    }

    /// Appends to a partition; `None` where it is not there.
    pub(crate) fn append(&mut self, topic: &str, partition: i32, now: u64, body: Body) -> Option<LogRecord> {
        let topic = self.topics.get_mut(topic)?;
        let records = &mut topic.partitions.get_mut(partition as usize)?.records;
        let offset = records.len() as i64;
        let record = LogRecord::new(Arc::clone(&topic.name), partition, offset, now as i64, body);
        records.push(record.clone());
        Some(record)
    }

    fn partition(&self, topic: &str, partition: i32) -> Option<&Partition> {
        self.topics.get(topic)?.partitions.get(partition as usize)
    }

    /// The record at an offset.
    pub(crate) fn read(&self, topic: &str, partition: i32, offset: i64) -> Option<&LogRecord> {
        self.partition(topic, partition)?.records.get(usize::try_from(offset).ok()?)
    }

    /// The offset after a partition's last record.
    pub(crate) fn end(&self, topic: &str, partition: i32) -> i64 {
        self.partition(topic, partition).map_or(0, |partition| partition.records.len() as i64)
    }

    /// The first offset whose record is not older than `time`, in milliseconds since the epoch.
    pub(crate) fn first_since(&self, topic: &str, partition: i32, time: i64) -> i64 {
        self.partition(topic, partition).map_or(0, |partition| {
            partition.records.partition_point(|record| record.timestamp() < Some(time)) as i64
        })
    }

    pub(crate) fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<&Committed> {
        self.partition(topic, partition)?.committed.get(group)
    }

    /// Sets a group back to the start of a topic.
    pub(crate) fn rewind(&mut self, group: &str, topic: &str) {
        for partition in self.topics.get_mut(topic).into_iter().flat_map(|topic| &mut topic.partitions) {
            if let Some(committed) = partition.committed.get_mut(group) {
                *committed = Committed::default();
            }
        }
    }

    /// Notes a group's progress, as the broker does: backwards too, should anyone ask for it.
    pub(crate) fn commit(&mut self, group: &Arc<str>, topic: &str, partition: i32, committed: Committed) {
        let found = self.topics.get_mut(topic).and_then(|topic| topic.partitions.get_mut(partition as usize));
        if let Some(partition) = found {
            partition.committed.insert(Arc::clone(group), committed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::port::HeaderList;

    fn body(key: &str) -> Body {
        Body::new(Some(key.as_bytes()), None, HeaderList::of(&[]))
    }

    #[test]
    fn a_partition_keeps_its_order() {
        let mut log = Log::default();
        assert_eq!(log.ensure("orders", 3), 3);
        assert_eq!(log.ensure("orders", 8), 3, "a topic keeps the partitions it was made with");
        for (offset, key) in ["a", "b", "c"].iter().enumerate() {
            let record = log.append("orders", 1, 10, body(key)).expect("the partition is there");
            assert_eq!(record.offset(), offset as i64);
        }
        assert_eq!(log.end("orders", 1), 3);
        assert_eq!(log.read("orders", 1, 2).and_then(RawRecord::key), Some(&b"c"[..]));
        assert!(log.read("orders", 1, 3).is_none());
        assert!(log.append("orders", 3, 10, body("x")).is_none());
    }

    #[test]
    fn groups_commit_apart() {
        let mut log = Log::default();
        log.ensure("orders", 1);
        let (mail, stock): (Arc<str>, Arc<str>) = ("mail.send".into(), "stock.count".into());
        log.commit(&mail, "orders", 0, Committed { offset: 4, metadata: Some("m".to_owned()) });
        log.commit(&stock, "orders", 0, Committed { offset: 1, metadata: None });
        assert_eq!(log.committed("mail.send", "orders", 0).map(|c| c.offset), Some(4));
        assert_eq!(log.committed("stock.count", "orders", 0).map(|c| c.offset), Some(1));
        assert_eq!(log.committed("nobody", "orders", 0), None);
    }

    #[test]
    fn a_time_is_found_in_the_log() {
        let mut log = Log::default();
        log.ensure("orders", 1);
        for time in [10, 20, 20, 30] {
            log.append("orders", 0, time, body("k"));
        }
        assert_eq!([5, 20, 21, 31].map(|time| log.first_since("orders", 0, time)), [0, 1, 3, 4]);
    }

    #[test]
    fn the_same_key_lands_in_the_same_place() {
        let mut log = Log::default();
        log.ensure("orders", 4);
        assert_eq!(log.place("orders", Some(b"k"), 0), log.place("orders", Some(b"k"), 3));
        assert_eq!([0, 1, 2, 3, 4].map(|chance| log.place("orders", None, chance)), [0, 1, 2, 3, 0]);
    }
}
