//! What the supervisor asks of Kafka: it watches topics and groups without joining any, and plays the broken till.
//!
//! The only rdkafka calls of the shop. The services make none: theirs are the framework's.

mod client;
mod groups;
#[cfg(test)]
mod tests;
mod till;
mod topics;
mod watch;

pub(crate) use self::client::Cluster;
pub use self::client::Error;
pub(crate) use self::groups::{Ends, Groups};
pub(crate) use self::till::BrokenTill;
pub(crate) use self::topics::wait_for;
pub(crate) use self::watch::{Position, Watch};
