//! What a service tells about itself: traces, metrics, logs.
//!
//! The framework's own spans use OpenTelemetry directly; a handler's `tracing` spans nest below them. Whether a
//! record is traced is decided before a span is built, by a hash of the workflow's id, so that all services
//! agree and an untraced record costs next to nothing. Every name is written once, in `names.rs`; every log
//! event of the framework is a struct in `events.rs`.

mod bound;
mod detail;
pub(crate) mod events;
mod id_generator;
mod instruments;
mod labels;
mod log;
mod names;
mod otlp;
mod publisher;
mod record;
mod sampling;
mod scope;
mod setup;
mod spans;
mod step;
mod trace_parent;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use detail::{Batch, Polled};
#[cfg(test)]
pub(crate) use log::tests::logged;
pub(crate) use publisher::PublisherTelemetry;
pub(crate) use record::{DeadLetter, Emit, End, Failure, Incoming, Kept, Outcome, Violation};
pub(crate) use scope::is_in_scope;
pub(crate) use spans::{HandleSpan, ProcessSpan, SendSpan};
pub(crate) use step::StepTelemetry;
pub(crate) use trace_parent::TraceParent;

pub use setup::{SetupError, Telemetry};
