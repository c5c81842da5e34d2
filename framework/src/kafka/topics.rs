//! The topics that a step needs: looked for before subscribing, made where that is allowed. Waits for brokers:
//! runs on the errand thread.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::client::Connection;
use super::context::StepConsumer;
use super::words::{Trouble, protocol_name};
use crate::clock;
use crate::manifest::DEAD_LETTER_SETTINGS;
use crate::ops::Missing;

/// The longest wait for one answer of a broker.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Between two looks for a topic that was just made.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A topic's partitions or replicas as the broker's settings say.
const BROKERS_DEFAULT: i32 = -1;

/// What a topic is to the step, in the words of `/ready`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Consumed.
    Input,
    /// Emitted to.
    Output,
    /// The step's own retry topic.
    Retry,
    /// The step's own dead-letter topic.
    DeadLetters,
}

impl Role {
    /// The word for a person.
    fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Retry => "retry",
            Self::DeadLetters => "dead-letter",
        }
    }

    /// The right that the step needs on the topic.
    fn right(self) -> &'static str {
        match self {
            Self::Input | Self::Retry => "read",
            Self::Output | Self::DeadLetters => "write",
        }
    }
}

/// How missing topics are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Creation {
    /// `None`: as the broker's settings say.
    pub(crate) partitions: Option<u32>,
    /// `None`: as the broker's settings say.
    pub(crate) replication: Option<u16>,
}

/// The topics of one step.
#[derive(Debug, Clone)]
pub(crate) struct TopicPlan {
    /// Each with its name on the broker.
    pub(crate) topics: Vec<(Role, String)>,
    /// `None`: missing topics are somebody else's to make.
    pub(crate) creation: Option<Creation>,
}

impl TopicPlan {
    /// The topics that are read.
    pub(super) fn read(&self) -> impl Iterator<Item = &str> {
        let read = self.topics.iter().filter(|(role, _)| matches!(role, Role::Input | Role::Retry));
        read.map(|(_, topic)| topic.as_str())
    }
}

/// Looks for each topic, makes what is missing where that is allowed, and names what then still stands in the
/// way. An error means that no broker answered.
pub(super) fn look(
    consumer: &StepConsumer,
    connection: &Connection,
    plan: &TopicPlan,
) -> Result<Vec<Missing>, KafkaError> {
    let mut faults = Vec::new();
    let mut missing = Vec::new();
    for (role, topic) in &plan.topics {
        match state(consumer, topic)? {
            None => {}
            Some(code) if Trouble::of(code) == Trouble::NoTopic => missing.push((*role, topic.as_str())),
            Some(code) => faults.push(refused(*role, topic, code)),
        }
    }
    match plan.creation {
        Some(creation) if !missing.is_empty() => {
            faults.extend(create(connection, &missing, creation)?);
            for (role, topic) in &missing {
                if !faults.iter().any(|fault| fault.topic == *topic) {
                    faults.extend(arrival(consumer, *role, topic)?);
                }
            }
        }
        Some(_) => {}
        None => faults.extend(missing.iter().map(|(role, topic)| {
            let what = format!("the {} topic: create it, or set CHOREOGRAPH_CREATE_TOPICS=true", role.word());
            Missing { topic: (*topic).to_owned(), what }
        })),
    }
    Ok(faults)
}

/// Waits until brokers tell the consumer of a topic that was just made; answers what is the matter if they do not in
/// time. Who subscribes before that is given nothing to read until the next refresh of metadata, a minute later.
fn arrival(consumer: &StepConsumer, role: Role, topic: &str) -> Result<Option<Missing>, KafkaError> {
    let end = clock::instant() + ANSWER_WITHIN;
    loop {
        let Some(code) = state(consumer, topic)? else { return Ok(None) };
        if clock::instant() >= end {
            return Ok(Some(refused(role, topic, code)));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// What is the matter with a topic; `None` if nothing is.
fn state(consumer: &StepConsumer, topic: &str) -> Result<Option<RDKafkaErrorCode>, KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
    let answer = metadata.topics().iter().find(|answer| answer.name() == topic);
    Ok(match answer {
        Some(answer) => answer.error().map(RDKafkaErrorCode::from),
        None => Some(RDKafkaErrorCode::UnknownTopicOrPartition),
    })
}

/// Makes topics; answers the faults of those that could not be made.
fn create(
    connection: &Connection,
    missing: &[(Role, &str)],
    creation: Creation,
) -> Result<Vec<Missing>, KafkaError> {
    let admin: AdminClient<DefaultClientContext> = connection.admin("choreograph-topics").create()?;
    let partitions =
        creation.partitions.map_or(BROKERS_DEFAULT, |count| i32::try_from(count).unwrap_or(i32::MAX));
    let replication = creation.replication.map_or(BROKERS_DEFAULT, i32::from);
    let topics: Vec<NewTopic<'_>> =
        missing.iter().map(|(role, topic)| new_topic(*role, topic, partitions, replication)).collect();
    let options =
        AdminOptions::new().request_timeout(Some(ANSWER_WITHIN)).operation_timeout(Some(ANSWER_WITHIN));
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|_| KafkaError::Canceled)?;
    let answers = runtime.block_on(admin.create_topics(&topics, &options))?;
    let mut faults = Vec::new();
    for answer in answers {
        match answer {
            Ok(topic) => tracing::info!(topic, "created a topic"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                let what = format!("the topic, which cannot be created: {}", protocol_name(code));
                faults.push(Missing { topic, what });
            }
        }
    }
    Ok(faults)
}

/// A topic as it is made.
fn new_topic(role: Role, topic: &str, partitions: i32, replication: i32) -> NewTopic<'_> {
    // The group deals partitions out by count: as many of these as of the inputs could leave an instance with retry
    // partitions alone. Replays need no more than one.
    let partitions = if role == Role::Retry { 1 } else { partitions };
    let settings: &[(&str, &str)] = if role == Role::DeadLetters { &DEAD_LETTER_SETTINGS } else { &[] };
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(replication));
    settings.iter().fold(new, |new, (name, value)| new.set(name, value))
}

/// A topic that exists and cannot be used.
fn refused(role: Role, topic: &str, code: RDKafkaErrorCode) -> Missing {
    let error = protocol_name(code);
    let what = match Trouble::of(code) {
        Trouble::Right => format!("the right to {} ({error}): grant it to this service's user", role.right()),
        _ => format!("the {} topic cannot be used yet: {error}", role.word()),
    };
    Missing { topic: topic.to_owned(), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_default_of_a_brokers_deletes_a_dead_letter() {
        let settings = |role| new_topic(role, "a", 3, 1).config;
        let kept = [("cleanup.policy", "delete"), ("retention.bytes", "-1"), ("retention.ms", "-1")];
        assert_eq!(settings(Role::DeadLetters), kept);
        for role in [Role::Input, Role::Output, Role::Retry] {
            assert_eq!(settings(role), []);
        }
    }

    #[test]
    fn a_missing_right_names_topic_and_right() {
        let told = refused(Role::Output, "payments", RDKafkaErrorCode::TopicAuthorizationFailed);
        assert!(told.topic == "payments" && told.what.contains("right to write"), "{told:?}");
        let told = refused(Role::Input, "orders", RDKafkaErrorCode::LeaderNotAvailable);
        assert!(told.what.contains("LEADER_NOT_AVAILABLE") && !told.what.contains("right"), "{told:?}");
    }
}
