//! Throughput and latency on real Kafka: the framework's step against the best loop that can be written by hand.
//!
//! | module | does |
//! |---|---|
//! | [`numbered`] | orders that carry their number, so that what comes out can be counted |
//! | [`expert`] | the hand-written loop, typed or with JSON Schema, at once or with a wait |
//! | [`framework`] | the same work as a step |
//! | [`variant`] | which of them, and how: the rows of the tables |
//! | [`child`] | one variant in a process of its own: started, stopped, its CPU time and memory |
//! | [`bed`] | topics filled before anything is measured, and emptied after |
//! | [`count`] | what came out: lost, doubled, out of order; and when |
//! | [`steady`] | latency at a steady rate, from outside |
//! | [`suite`] | which runs, in which order |
//! | [`tables`] | medians, ratios, Markdown |
//!
//! A run is measured from outside and in the same way whoever does the work: the broker stamps each output record
//! with the time of its arrival, and the rate is that of the stamps. Only CPU time and memory are said by the
//! measured process itself, about itself.

pub mod bed;
pub mod child;
pub mod count;
pub mod expert;
pub mod framework;
pub mod meter;
pub mod numbered;
pub mod sink;
pub mod steady;
pub mod suite;
pub mod tables;
pub mod variant;

/// Why a run could not be made, or did not hold: it is told and ends the benchmark.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A broker could not be started.
    #[error(transparent)]
    Broker(#[from] choreograph_tests::kafka::KafkaError),
    /// Topics could not be made, written or read.
    #[error(transparent)]
    Topics(#[from] choreograph_tests::topics::TopicError),
    /// A Kafka client was refused something.
    #[error("{doing}: {source}")]
    Client {
        /// What was being done.
        doing: &'static str,
        /// What was refused.
        source: rdkafka::error::KafkaError,
    },
    /// The operating system refused something.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What was refused.
        source: std::io::Error,
    },
    /// Something took too long.
    #[error("{0}")]
    Late(String),
    /// What came out is not what should have.
    #[error("{0}")]
    Wrong(String),
}

/// Says what was being done.
pub(crate) trait Doing<T> {
    /// The failure, with what was being done.
    fn doing(self, doing: &'static str) -> Result<T, Failure>;
}

impl<T> Doing<T> for Result<T, rdkafka::error::KafkaError> {
    fn doing(self, doing: &'static str) -> Result<T, Failure> {
        self.map_err(|source| Failure::Client { doing, source })
    }
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, Failure> {
        self.map_err(|source| Failure::System { doing, source })
    }
}
