//! The driver: topics, committed offsets and states of groups out of Kafka and into the model.
//!
//! It assigns itself all partitions of the declared topics, joins no group, commits nothing and writes nothing. One
//! thread reads; another looks at manifests, topics, groups and ends every two seconds, so that nothing which waits for
//! a broker holds reading up; a third saves the state, so that nothing waits for a disk. The only rdkafka calls of the crate are here, under the rules of the framework's driver: a
//! list of partitions lives inside one function, and text from outside is read where a panic of the client is caught.
//!
//! Rights that it needs: `Describe` and `Read` on the declared topics, `Describe` on the groups of the steps.

#![expect(clippy::disallowed_types, reason = "this module is the driver: the only place with rdkafka calls")]

mod client;
mod ends;
mod foreign;
mod groups;
mod headers;
mod hollow;
mod keep;
mod look;
mod partition;
mod problems;
mod reading;
mod stop;
mod value;

pub use client::ClientError;
pub use ends::MAX_PARTITIONS;
pub use groups::MAX_GROUPS;
pub use headers::{MAX_HEADER_BYTES, MAX_HEADERS, RawHeader};
pub use value::{MAX_SHOWN_VALUE_BYTES, ValueError, Values};

pub(crate) use look::Follower;

use partition::Partition;

/// The name that the observer's own clients bear as a group. They never join it.
const OWN_GROUP: &str = "choreograph.observer";

/// What topics and groups of an environment begin with.
fn prefix(namespace: Option<&str>) -> String {
    choreograph::wire::namespaced(namespace, "")
}
