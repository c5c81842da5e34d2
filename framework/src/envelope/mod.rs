//! Headers on the wire: `CloudEvents` 1.0 in Kafka binary mode, W3C trace context, workflow identity.
//!
//! Every header is written once by [`write`] and read last-wins by [`head`]; nothing else in the crate
//! spells a header's name.

pub(crate) mod dead_letter;
pub(crate) mod head;
pub(crate) mod id;
pub(crate) mod metadata;
pub mod names;
pub(crate) mod retried;
pub(crate) mod shortened;
pub(crate) mod workflow;
pub(crate) mod write;

pub use metadata::{Headers, Metadata};
pub use workflow::Workflow;
