//! Topics, looked for and made.

use std::time::Duration;

use choreograph::wire::DEAD_LETTER_SUFFIX;
use rdkafka::admin::{AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::types::RDKafkaErrorCode;

use super::log::failed;
use super::{Connection, End, Ranges};
use crate::clock;
use crate::error::Error;
use crate::limits::{ANSWER_WITHIN, OTHERS_WITHIN};

/// Between two looks for what should show soon.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What a person must know to make the audit topic, and how it is made here.
pub(crate) const AUDIT_SETTINGS: [(&str, &str); 3] =
    [("cleanup.policy", "delete"), ("retention.bytes", "-1"), ("retention.ms", "-1")];

/// Topics as the brokers tell of them.
pub(crate) struct Topics {
    connection: Connection,
    committed: BaseConsumer,
}

impl std::fmt::Debug for Topics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Topics").finish_non_exhaustive()
    }
}

impl Topics {
    pub(crate) fn new(connection: &Connection) -> Result<Self, Error> {
        Ok(Self { connection: connection.clone(), committed: connection.consumer("read_committed")? })
    }

    /// The dead-letter topics of the namespace, without it: `<service>.<step>.dlq`.
    pub(crate) fn dead_letters(&self) -> Result<Vec<String>, Error> {
        let doing = "list the topics";
        let metadata = self.committed.fetch_metadata(None, ANSWER_WITHIN);
        let metadata = metadata.map_err(|error| Error::kafka(doing, "DESCRIBE on the topics", &error))?;
        let prefix = self.connection.prefix();
        let names = metadata.topics().iter().filter_map(|topic| dead_letter_topic(topic.name(), &prefix));
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The partitions of `topic`; none where there is no such topic.
    pub(crate) fn partitions(&self, topic: &str) -> Result<Vec<i32>, Error> {
        let metadata = self.committed.fetch_metadata(Some(topic), ANSWER_WITHIN);
        let metadata = metadata.map_err(|error| failed(topic, &error))?;
        let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
            return Ok(Vec::new());
        };
        match found.error().map(RDKafkaErrorCode::from) {
            None => Ok(found.partitions().iter().map(rdkafka::metadata::MetadataPartition::id).collect()),
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                Ok(Vec::new())
            }
            Some(code) => {
                Err(Error::code(format!("look at topic {topic}"), format!("DESCRIBE on topic {topic}"), code))
            }
        }
    }

    /// Whether there is such a topic.
    pub(crate) fn exists(&self, topic: &str) -> Result<bool, Error> {
        Ok(!self.partitions(topic)?.is_empty())
    }

    /// Where each partition starts and ends. A topic that is not there has none, but that of [`End::Written`] has to be
    /// there: what nothing is read of would else be taken for what nothing was ever written to.
    pub(crate) fn ends(&self, topic: &str, end: End) -> Result<Ranges, Error> {
        let partitions = self.partitions(topic)?;
        if end == End::Written && partitions.is_empty() {
            let state =
                "the brokers say that there is none, and a moment ago there was; run it again".to_owned();
            return Err(Error::Late { doing: format!("read topic {topic} to its end"), state });
        }
        let stable = watermarks(&self.committed, topic, &partitions)?;
        if end == End::Stable {
            return Ok(stable);
        }
        let written = watermarks(&self.connection.consumer("read_uncommitted")?, topic, &partitions)?;
        self.wait_for(topic, &partitions, stable, &written)
    }

    /// Waits until no transaction is open below `written`.
    fn wait_for(
        &self,
        topic: &str,
        partitions: &[i32],
        mut stable: Ranges,
        written: &Ranges,
    ) -> Result<Ranges, Error> {
        let started = clock::instant();
        let end = |ends: &Ranges, partition| ends.get(partition).map_or(0, |(_, end)| *end);
        while partitions.iter().any(|partition| end(&stable, partition) < end(written, partition)) {
            if started.elapsed() > OTHERS_WITHIN {
                let state = format!("a transaction of somebody else has been open for {OTHERS_WITHIN:?}");
                return Err(Error::Late { doing: format!("read topic {topic} to its end"), state });
            }
            std::thread::sleep(LOOK_AGAIN);
            stable = watermarks(&self.committed, topic, partitions)?;
        }
        Ok(stable)
    }

    /// What shows that a topic does not keep everything: it begins late, or its settings let go of what is old. Settings that
    /// the brokers do not tell, as they do not without the right to ask for them, show nothing.
    pub(crate) fn forgets(&self, topic: &str) -> Result<Option<String>, Error> {
        let partitions = self.partitions(topic)?;
        let ends = watermarks(&self.committed, topic, &partitions)?;
        if let Some((partition, (first, _))) = ends.iter().find(|(_, (first, _))| *first > 0) {
            return Ok(Some(format!("partition {partition} begins at offset {first}")));
        }
        if partitions.is_empty() {
            return Ok(None);
        }
        let options = AdminOptions::new().request_timeout(Some(ANSWER_WITHIN));
        let resource = ResourceSpecifier::Topic(topic);
        let admin = self.connection.admin()?;
        let answers = super::block_on(admin.describe_configs([&resource], &options)).unwrap_or_default();
        Ok(answers.into_iter().flatten().find_map(|settings| setting_that_forgets(&settings)))
    }

    /// Makes the audit topic; whether it was not there. Where it is, no right to make one is needed.
    pub(crate) fn create_audit(&self, topic: &str) -> Result<bool, Error> {
        if self.exists(topic)? {
            return Ok(false);
        }
        let doing = || format!("create topic {topic}");
        let right = format!("CREATE on topic {topic}, or on the cluster");
        let new = NewTopic::new(topic, 1, TopicReplication::Fixed(self.connection.replication()));
        let new = AUDIT_SETTINGS.iter().fold(new, |new, (name, value)| new.set(name, value));
        let options =
            AdminOptions::new().request_timeout(Some(ANSWER_WITHIN)).operation_timeout(Some(ANSWER_WITHIN));
        let admin = self.connection.admin()?;
        let answers = super::block_on(admin.create_topics(&[new], &options));
        let answers = answers.map_err(|error| Error::kafka(doing(), right.as_str(), &error))?;
        let made = match answers.into_iter().next() {
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | None => false,
            Some(Err((_, code))) => return Err(Error::code(doing(), right, code)),
            Some(Ok(_)) => true,
        };
        self.arrival(topic)?;
        Ok(made)
    }

    /// Waits until every broker may know of a topic that was just made.
    fn arrival(&self, topic: &str) -> Result<(), Error> {
        let started = clock::instant();
        while !self.exists(topic)? {
            if started.elapsed() > ANSWER_WITHIN {
                let state = format!("it was made {ANSWER_WITHIN:?} ago and is not there");
                return Err(Error::Late { doing: format!("look at topic {topic}"), state });
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }
}

/// The setting of a topic by which records are let go: old ones, or all but the last of a key, as a mark is before the parts
/// of the value that it tells of.
fn setting_that_forgets(settings: &ConfigResource) -> Option<String> {
    let value = |name| settings.get(name).and_then(|entry| entry.value.as_deref());
    let policy = value("cleanup.policy")?;
    if policy.contains("compact") {
        return Some(format!("it has cleanup.policy={policy}"));
    }
    let limit =
        |name| value(name).filter(|value| *value != "-1").map(|value| format!("it has {name}={value}"));
    ["retention.ms", "retention.bytes"].into_iter().find_map(limit)
}

fn watermarks(consumer: &BaseConsumer, topic: &str, partitions: &[i32]) -> Result<Ranges, Error> {
    let ends = |partition: &i32| {
        let ends = consumer.fetch_watermarks(topic, *partition, ANSWER_WITHIN);
        Ok((*partition, ends.map_err(|error| failed(topic, &error))?))
    };
    partitions.iter().map(ends).collect()
}

/// The name without the namespace, where it is that of a dead-letter topic: a group's name is `<service>.<step>`, so
/// that one more dot is another namespace's.
fn dead_letter_topic<'t>(topic: &'t str, prefix: &str) -> Option<&'t str> {
    let name = topic.strip_prefix(prefix)?;
    let group = name.strip_suffix(DEAD_LETTER_SUFFIX)?;
    let (service, step) = group.split_once('.')?;
    (!service.is_empty() && !step.is_empty() && !step.contains('.')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::dead_letter_topic;

    #[test]
    fn dead_letter_topics_of_this_namespace_alone() {
        assert_eq!(dead_letter_topic("payment.charge.dlq", ""), Some("payment.charge.dlq"));
        assert_eq!(dead_letter_topic("staging.payment.charge.dlq", "staging."), Some("payment.charge.dlq"));
        for (topic, prefix) in [
            ("staging.payment.charge.dlq", ""),
            ("payment.charge.dlq", "staging."),
            ("payment.charge.retry", ""),
            ("orders", ""),
            ("dlq", ""),
            (".dlq", ""),
            ("payment..dlq", ""),
        ] {
            assert_eq!(dead_letter_topic(topic, prefix), None, "{topic} in {prefix}");
        }
    }
}
