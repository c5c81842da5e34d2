//! Everything a service can be told from outside, read once from the environment.
//!
//! [`Settings::from_env`] reads the process's environment, [`Settings::read`] any list of pairs, so that a
//! test or a program that holds several services needs no environment at all. Nothing else in the crate
//! reads the environment, but for OpenTelemetry's own code, which reads attributes and limits by itself.
//!
//! ```
//! use choreograph::settings::Settings;
//!
//! let settings = Settings::read([
//!     ("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
//!     ("KAFKA_SECURITY_PROTOCOL", "plaintext"),
//!     ("CHOREOGRAPH_NAMESPACE", "staging"),
//! ])?;
//! assert_eq!(settings.kafka.get("security.protocol"), Some("plaintext"));
//!
//! let error = Settings::read([("CHOREOGRAPH_NAMESPCE", "staging")]).unwrap_err();
//! assert!(error.to_string().contains("did you mean CHOREOGRAPH_NAMESPACE?"));
//! # Ok::<(), choreograph::settings::Error>(())
//! ```
#![doc = include_str!("../../docs/settings.md")]

mod batches;
mod brokers;
mod error;
mod headers;
mod kafka;
mod nearest;
mod otel;
mod own;
mod property;
mod registry;
mod secret;
mod source;
mod tls;
mod value;

#[cfg(test)]
mod tests;

pub use batches::Batches;
pub use error::{Error, Problem};
pub use kafka::{Client, Kafka};
pub use otel::{Compression, Exporter, OpenTelemetry, Protocol, Sampler};
pub use own::{LogFormat, Ops, Settings, TraceDetail};
pub use registry::{Login, Registry, Subjects};
pub use secret::Secret;
pub use tls::{Identity, Tls};
