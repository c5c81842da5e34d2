//! Why there is no answer.

use choreograph_contracts::CompileError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use uuid::Uuid;

/// Why dead letters cannot be looked at or acted upon. What an action did before stays done, and it can be run again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is missing.
    #[error("{0}")]
    Setting(String),
    /// librdkafka takes no client of these settings.
    #[error("no Kafka client can be made from the settings: {0}")]
    Client(String),
    /// No broker answers.
    #[error("cannot {doing}: no broker answers ({code})")]
    Away {
        /// What was being done.
        doing: String,
        /// What the client says.
        code: String,
    },
    /// A right is missing.
    #[error("no right to {doing} ({code}): grant {right} to the user of this tool")]
    Right {
        /// What was being done.
        doing: String,
        /// The right, as Kafka's ACLs name it.
        right: String,
        /// What the broker says.
        code: String,
    },
    /// A topic is missing.
    #[error("there is no topic {topic}: create it with {settings}")]
    MissingTopic {
        /// The topic, with its namespace.
        topic: String,
        /// The settings that it needs.
        settings: String,
    },
    /// The audit topic forgets, so that what it does not tell of may have been done all the same.
    #[error("topic {topic} does not keep everything: {why}; what is open may have been replayed before")]
    Forgets {
        /// The audit topic, with its namespace.
        topic: String,
        /// What shows it.
        why: String,
    },
    /// None of the dead-letter topics is there that the manifests declare.
    #[error("none of the dead-letter topics of the manifests is there, neither {topic} nor any other")]
    NoTopics {
        /// The first of them, with its namespace.
        topic: String,
    },
    /// Kafka refuses.
    #[error("cannot {doing}: {code}")]
    Kafka {
        /// What was being done.
        doing: String,
        /// What the client or the broker says.
        code: String,
    },
    /// It takes too long.
    #[error("cannot {doing}: {state}")]
    Late {
        /// What was being done.
        doing: String,
        /// How far it got.
        state: String,
    },
    /// Somebody else began to act on the same topic.
    #[error(
        "somebody else has begun to act on the dead letters of {topic}: what is done stays done; run it again when they are finished"
    )]
    Fenced {
        /// The dead-letter topic, with its namespace.
        topic: String,
    },
    /// Too much of something.
    #[error("more than {limit} {what}: {advice}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: u64,
        /// What to do.
        advice: &'static str,
    },
    /// A contract in a manifest cannot be used.
    #[error("the contract of {event_type}, which {step} reads, cannot be used: {source}")]
    Contract {
        /// `service/step`.
        step: String,
        /// The type with its major.
        event_type: String,
        /// What is wrong with it.
        source: CompileError,
    },
    /// Values are to go out, and nothing says what the steps that get them read.
    #[error("no manifest says what the steps read now, so no value can be checked before it is replayed")]
    Unchecked,
    /// There are no such dead letters.
    #[error("there is no dead letter {}", .0.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", nor "))]
    NotFound(Vec<Uuid>),
    /// A filter names what nobody has.
    #[error("there is no {what} `{name}`")]
    UnknownName {
        /// What it would be: a step, a reason or an event type.
        what: &'static str,
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A list is asked to go on from nowhere.
    #[error("{0:?} is no cursor that a list gave")]
    Cursor(String),
}

impl Error {
    /// What librdkafka says while something is done with `resource`, for which the right `right` is needed.
    pub(crate) fn kafka(doing: impl Into<String>, right: impl Into<String>, error: &KafkaError) -> Self {
        let doing = doing.into();
        match (error, error.rdkafka_error_code()) {
            (KafkaError::ClientConfig(_, _, name, _), _) => {
                Self::Client(format!("librdkafka refuses the value of `{name}`"))
            }
            (KafkaError::ClientCreation(text), _) => Self::Client(text.clone()),
            (_, Some(code)) => Self::code(doing, right, code),
            (other, None) => Self::Kafka { doing, code: other.to_string() },
        }
    }

    /// The same for a code.
    pub(crate) fn code(doing: impl Into<String>, right: impl Into<String>, code: RDKafkaErrorCode) -> Self {
        let doing = doing.into();
        if is_right(code) {
            return Self::Right { doing, right: right.into(), code: code.to_string() };
        }
        if is_away(code) {
            return Self::Away { doing, code: code.to_string() };
        }
        Self::Kafka { doing, code: code.to_string() }
    }
}

/// Whether a right is missing.
pub(crate) fn is_right(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{
        ClusterAuthorizationFailed, GroupAuthorizationFailed, TopicAuthorizationFailed,
        TransactionalIdAuthorizationFailed,
    };
    matches!(
        code,
        TopicAuthorizationFailed
            | GroupAuthorizationFailed
            | ClusterAuthorizationFailed
            | TransactionalIdAuthorizationFailed
    )
}

/// Whether no broker answers: the client itself tries on.
pub(crate) fn is_away(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut, Resolve};
    matches!(code, AllBrokersDown | BrokerTransportFailure | OperationTimedOut | Resolve)
}
