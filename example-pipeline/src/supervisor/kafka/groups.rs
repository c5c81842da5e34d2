//! How far the services' groups have come.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use choreograph::Manifest;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{Offset, TopicPartitionList};

use super::client::ANSWER;
use super::{Cluster, Error};

/// How often the groups are asked while some are behind.
const EVERY: Duration = Duration::from_millis(100);

/// After so long it is said which groups are behind.
const LONG: Duration = Duration::from_secs(10);

/// Where logs end: the offset after the last record, by topic (without namespace) and partition.
pub(crate) type Ends = HashMap<(String, i32), i64>;

/// The consumer groups of the shop, looked at without joining them.
pub(crate) struct Groups {
    groups: Vec<Group>,
    cluster: Cluster,
}

/// One step's group.
struct Group {
    name: String,
    /// What it reads, without namespace.
    topics: Vec<String>,
    consumer: BaseConsumer,
}

impl std::fmt::Debug for Groups {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.groups.iter().map(|group| &group.name);
        formatter.debug_struct("Groups").field("groups", &names.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

impl Groups {
    /// The groups of every step of these services.
    ///
    /// # Errors
    /// If no client can be made from the settings.
    pub(crate) fn of(cluster: &Cluster, manifests: &[Manifest]) -> Result<Self, Error> {
        let mut groups = Vec::new();
        for step in manifests.iter().flat_map(|manifest| &manifest.steps) {
            let name = cluster.name(&step.group);
            let consumer =
                cluster.reader(&name).create().map_err(Error::doing(format!("look at the group {name}")))?;
            let mut topics: Vec<String> = step.consumes.iter().map(|event| event.topic.clone()).collect();
            topics.sort();
            topics.dedup();
            groups.push(Group { name, topics, consumer });
        }
        Ok(Self { groups, cluster: cluster.clone() })
    }

    /// Where the logs of everything they read end now.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub(crate) fn ends(&self) -> Result<Ends, Error> {
        let mut ends = Ends::new();
        let topics: BTreeSet<&String> = self.groups.iter().flat_map(|group| &group.topics).collect();
        let Some(Group { consumer, .. }) = self.groups.first() else { return Ok(ends) };
        for topic in topics {
            let doing = || Error::doing(format!("look at the topic {topic}"));
            let name = self.cluster.name(topic);
            let metadata = consumer.fetch_metadata(Some(&name), ANSWER).map_err(doing())?;
            for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
                let (_, end) = consumer.fetch_watermarks(&name, partition.id(), ANSWER).map_err(doing())?;
                ends.insert((topic.clone(), partition.id()), end);
            }
        }
        Ok(ends)
    }

    /// Waits until every group has committed up to `ends`, or `stop` says so, which is asked before each group: a broker that
    /// is away takes long to answer for one. Returns the groups that are behind or were not looked at any more; says them on
    /// standard error when it takes long.
    pub(crate) fn wait_for(&self, ends: &Ends, stop: impl Fn() -> bool) -> Vec<String> {
        let mut tell_at = Instant::now() + LONG;
        loop {
            let behind: Vec<String> = self
                .groups
                .iter()
                .filter(|group| stop() || !group.has_reached(&self.cluster, ends))
                .map(|group| group.name.clone())
                .collect();
            if behind.is_empty() || stop() {
                return behind;
            }
            if Instant::now() >= tell_at {
                eprintln!("waiting for {}", behind.join(", "));
                tell_at += LONG;
            }
            std::thread::sleep(EVERY);
        }
    }
}

impl Group {
    /// Whether everything up to `ends` is committed; not, if the broker does not answer.
    fn has_reached(&self, cluster: &Cluster, ends: &Ends) -> bool {
        let mut list = TopicPartitionList::new();
        // A group commits nothing for a partition in which there was nothing to read.
        let read = ends.iter().filter(|((topic, _), end)| **end > 0 && self.topics.contains(topic));
        for ((topic, partition), _) in read {
            list.add_partition(&cluster.name(topic), *partition);
        }
        if list.count() == 0 {
            return true;
        }
        let Ok(list) = self.consumer.committed_offsets(list, ANSWER) else { return false };
        list.elements().iter().all(|element| {
            let Some(topic) = cluster.without_namespace(element.topic()) else { return false };
            let end = ends.get(&(topic.to_owned(), element.partition())).copied().unwrap_or_default();
            matches!(element.offset(), Offset::Offset(committed) if committed >= end)
        })
    }
}
