//! The Kafka driver: one poll thread for each step, the producer on a thread beside it, and everything about partitions.
//! The only rdkafka calls of the crate.
//!
//! A driver decides nothing. [`step_loop`] reads a batch ([`poll`]), hands each record to the runner, lets the
//! runner publish through [`sender`] and [`publish`], brings back what the broker acknowledged ([`acknowledge`]) and commits
//! what the ledger says ([`commit`]). [`assign`] and [`revoke`] are the two ends of owning a partition,
//! [`topics`] what must exist before there is anything to own.
//!
//! Four rules hold in every file, each paid for by somebody else's incident:
//!
//! - A `TopicPartitionList` lives inside one function and is turned into own values there: one that is alive
//!   when its consumer is dropped blocks the drop for ever.
//! - Nothing on the poll thread waits for a broker. What has to wait runs on the errand thread ([`errands`]) or
//!   the sending thread.
//! - A callback of librdkafka copies what it was given and returns ([`context`]): callbacks are served by the
//!   poll, so one which waits for the poll waits for itself.
//! - Text from outside is hostile: rdkafka panics on header names and commit metadata which are not UTF-8,
//!   so both are read behind [`foreign`].

#![expect(
    clippy::disallowed_types,
    reason = "this module is the Kafka driver: the only place with rdkafka calls"
)]

mod acknowledge;
mod assign;
mod begin;
mod behind;
mod client;
mod close;
mod commit;
mod complaints;
mod context;
mod driven;
#[cfg(feature = "embedded")]
mod embedded;
mod errands;
mod foreign;
mod marks;
mod nap;
mod partition;
mod poll;
mod port;
mod publish;
mod record;
mod revoke;
mod rights;
mod sender;
mod start;
mod starts;
mod status;
mod step_loop;
#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests;
mod thread;
mod topics;
mod words;

pub(crate) use driven::LoopError;
#[cfg(feature = "embedded")]
pub use embedded::{EmbeddedBroker, EmbeddedError};
pub(crate) use start::RunningStep;
pub(crate) use starts::KafkaStarts;
