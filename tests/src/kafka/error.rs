//! What can go wrong between a test and its broker.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why there is no Kafka, or why it did not do as told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// Neither way to a Kafka is open.
    #[error(
        "no Kafka for the tests: {missing}; either install Java 17 or newer and Maven (they fetch Kafka {version} \
         from Maven Central once, 44 MB), or set KAFKA_BOOTSTRAP_SERVERS to a running Kafka (which serves only the \
         tests that do no harm to a broker)",
        version = super::KAFKA_VERSION
    )]
    NotToBeHad {
        /// What is missing.
        missing: String,
    },
    /// Maven fetched nothing.
    #[error("maven could not fetch Kafka {version} into {folder}; it said:\n{log}", version = super::KAFKA_VERSION)]
    Fetch {
        /// Where it should have gone.
        folder: PathBuf,
        /// The end of Maven's output.
        log: String,
    },
    /// A broker ended, or was not ready in time.
    #[error("kafka node {node} is not ready: {why}; its log ends with:\n{log}")]
    NotReady {
        /// The node, counted from 1.
        node: u16,
        /// What was seen.
        why: String,
        /// The end of its log.
        log: String,
    },
    /// A broker did not end after SIGTERM.
    #[error("kafka node {node} still runs {within:?} after SIGTERM; its log ends with:\n{log}")]
    StillRunning {
        /// The node, counted from 1.
        node: u16,
        /// The time given.
        within: Duration,
        /// The end of its log.
        log: String,
    },
    /// The operating system refused.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// What was refused.
        source: io::Error,
    },
}

/// Says what was being done when the operating system refused.
pub(crate) trait Doing<T> {
    fn doing(self, what: &str) -> Result<T, KafkaError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &str) -> Result<T, KafkaError> {
        self.map_err(|source| KafkaError::Io { doing: what.to_owned(), source })
    }
}
