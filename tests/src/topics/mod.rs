//! Topics and groups, seen from outside: raw records in, raw records out.
//!
//! # Examples
//!
//! ```no_run
//! use choreograph_tests::{kafka, topics::{self, Record, Topic}};
//!
//! let kafka = kafka::shared();
//! let orders = format!("{}.orders", topics::namespace("shop"));
//! topics::create(kafka, &[Topic::new(&orders, 3)])?;
//! topics::write(kafka, &[Record::to(&orders).key("order-1").value("{}").header("ce_type", "order.placed")])?;
//! assert_eq!(topics::read_all(kafka, &orders)?.len(), 1);
//! # Ok::<(), topics::TopicError>(())
//! ```

mod create;
mod empty;
mod error;
mod group;
mod namespace;
mod raw;
mod read;
mod record;
mod write;

use std::time::Duration;

use rdkafka::config::ClientConfig;

pub use create::{Topic, create, extend};
pub use empty::empty;
pub use error::TopicError;
pub use group::{Committed, Group};
pub use namespace::namespace;
pub use raw::write_with_header_name;
pub use read::{Message, read_all};
pub use record::Record;
pub use write::{Ack, Placed, Writer, write};

/// Time that anything here may take before it is an error.
pub const WITHIN: Duration = Duration::from_mins(1);

fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "500");
    config
}
