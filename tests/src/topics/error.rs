//! What can go wrong with topics.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::WITHIN;

/// Why a topic could not be made, written or read, or a group not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// The client or the broker refused.
    #[error("{doing}: {source}")]
    Kafka {
        /// What was being done, and to what.
        doing: String,
        /// What was refused.
        source: KafkaError,
    },
    /// The broker refused one topic.
    #[error("create topic {topic}: {code}")]
    NotCreated {
        /// The topic.
        topic: String,
        /// The broker's reason.
        code: RDKafkaErrorCode,
    },
    /// It took longer than [`WITHIN`].
    #[error("{doing}: not done within {WITHIN:?}; so far: {state}")]
    Late {
        /// What was being done, and to what.
        doing: String,
        /// How far it got.
        state: String,
    },
}

pub(super) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, TopicError>;
}

impl<T> Doing<T> for Result<T, KafkaError> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, TopicError> {
        self.map_err(|source| TopicError::Kafka { doing: what(), source })
    }
}
