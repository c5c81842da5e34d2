//! The only calls of rdkafka: logs read to a known end, topics looked for, records written in transactions.

mod client;
mod headers;
mod log;
mod origin;
mod topics;
mod writer;

pub(crate) use client::Connection;
pub(crate) use log::{End, Log, Ranges};
pub(crate) use origin::{Origins, sha256};
pub(crate) use topics::{AUDIT_SETTINGS, Topics};
pub(crate) use writer::{Trouble, Writer};

/// Waits for an answer of an admin client.
fn block_on<T>(
    answer: impl Future<Output = Result<T, rdkafka::error::KafkaError>>,
) -> Result<T, rdkafka::error::KafkaError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.map_err(|_| rdkafka::error::KafkaError::Canceled)?.block_on(answer)
}
