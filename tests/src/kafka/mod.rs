//! Apache Kafka for tests: real brokers, started here.
//!
//! [`shared`] is for tests that do no harm to the broker: one for the whole test binary, or the one that
//! `KAFKA_BOOTSTRAP_SERVERS` names. Tests that stop, kill or cut off a broker start their own [`Cluster`].
//!
//! With [`Setup::secured`] a cluster has a listener beside the open one, where clients need a login, certificates or
//! both, and [rights](Cluster::grant).
//!
//! The brokers come from Maven Central, once, into the `target` folder; see [`KafkaError::NotToBeHad`] for what
//! that needs.
//!
//! # Examples
//!
//! ```no_run
//! use choreograph_tests::kafka::Cluster;
//!
//! let mut cluster = Cluster::start(3, &[("log.retention.check.interval.ms", "1000")])?;
//! cluster.kill(1)?;
//! cluster.start_again(1)?;
//! println!("{}", cluster.bootstrap());
//! # Ok::<(), choreograph_tests::kafka::KafkaError>(())
//! ```

mod certificates;
mod cluster;
mod error;
mod fetch;
mod java;
mod jvm;
mod node;
mod once;
mod properties;
mod quick;
mod ready;
mod rights;
mod security;
mod setup;
mod shared;

pub use certificates::Certificates;
pub use cluster::Cluster;
pub use error::KafkaError;
pub use fetch::KAFKA_VERSION;
pub use rights::{Operation, Right};
pub use security::Security;
pub use setup::Setup;
pub use shared::shared;
