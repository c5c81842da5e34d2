//! Choreographed workflows on Kafka: a step is a plain async function, checked against contracts on the way
//! in and out.

mod engine;
mod envelope;
mod runner;
pub mod settings;

pub use envelope::{Headers, Metadata, Workflow};
