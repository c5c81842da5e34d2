//! Making topics.

use std::time::Instant;

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{BaseProducer, Producer as _};

use super::error::Doing;
use super::{TopicError, WITHIN, client};
use crate::block_on::block_on;

/// A topic to be made.
#[derive(Debug, Clone)]
pub struct Topic {
    name: String,
    partitions: i32,
    settings: Vec<(String, String)>,
}

impl Topic {
    /// A topic with as many copies as the cluster has by default.
    pub fn new(name: &str, partitions: i32) -> Self {
        Self { name: name.to_owned(), partitions, settings: Vec::new() }
    }

    /// The same, where nothing is deleted from, as an audit topic must be.
    pub fn kept(name: &str, partitions: i32) -> Self {
        Self::new(name, partitions).setting("retention.ms", "-1")
    }

    /// Sets a topic property, such as `retention.ms`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    fn new_topic(&self) -> NewTopic<'_> {
        let plain = NewTopic::new(&self.name, self.partitions, TopicReplication::Fixed(-1));
        self.settings.iter().fold(plain, |topic, (name, value)| topic.set(name, value))
    }
}

/// Makes `topics` and returns when every partition of each has a leader.
///
/// # Errors
///
/// When the broker refuses one of them, or is not there.
pub fn create(bootstrap: &str, topics: &[Topic]) -> Result<(), TopicError> {
    let names = || topics.iter().map(|topic| topic.name.as_str()).collect::<Vec<_>>().join(", ");
    let doing = || format!("create topics {}", names());
    let admin: AdminClient<DefaultClientContext> = client(bootstrap).create().doing(doing)?;
    let options = AdminOptions::new().request_timeout(Some(WITHIN)).operation_timeout(Some(WITHIN));
    let new: Vec<_> = topics.iter().map(Topic::new_topic).collect();
    let created = block_on(admin.create_topics(&new, &options)).doing(doing)?;
    for result in created {
        result.map_err(|(topic, code)| TopicError::NotCreated { topic, code })?;
    }
    let client: BaseProducer = client(bootstrap).create().doing(doing)?;
    topics.iter().try_for_each(|topic| wait_for_leaders(&client, topic))
}

/// Gives a topic that is there as many partitions as `topic` says, and returns when each has a leader.
///
/// # Errors
///
/// As [`create`].
pub fn extend(bootstrap: &str, topic: &Topic) -> Result<(), TopicError> {
    let doing = || format!("extend topic {}", topic.name);
    let admin: AdminClient<DefaultClientContext> = client(bootstrap).create().doing(doing)?;
    let options = AdminOptions::new().request_timeout(Some(WITHIN)).operation_timeout(Some(WITHIN));
    let wanted = NewPartitions::new(&topic.name, usize::try_from(topic.partitions).unwrap_or_default());
    for result in block_on(admin.create_partitions([&wanted], &options)).doing(doing)? {
        result.map_err(|(topic, code)| TopicError::NotCreated { topic, code })?;
    }
    let client: BaseProducer = client(bootstrap).create().doing(doing)?;
    wait_for_leaders(&client, topic)
}

fn wait_for_leaders(client: &BaseProducer, topic: &Topic) -> Result<(), TopicError> {
    let end = Instant::now() + WITHIN;
    loop {
        let led = led(client, &topic.name).doing(|| format!("look at topic {}", topic.name))?;
        if led == topic.partitions {
            return Ok(());
        }
        if Instant::now() >= end {
            let state = format!("{led} of {} partitions have a leader", topic.partitions);
            return Err(TopicError::Late { doing: format!("create topic {}", topic.name), state });
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn led(client: &BaseProducer, topic: &str) -> Result<i32, KafkaError> {
    let metadata = client.client().fetch_metadata(Some(topic), WITHIN)?;
    let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
    Ok(partitions.filter(|partition| partition.leader() >= 0).count() as i32)
}
