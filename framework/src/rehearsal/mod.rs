//! Services at work in memory: no broker, no sleeping, a clock that the test moves.
//!
//! A [`Rehearsal`] runs one service or several on a log in memory. What decides (what may be committed, retried, set
//! aside, in which order) is the same machine that runs on Kafka; only the broker and the clock are played. Its thread is
//! its own, so it can be used from a plain `#[test]` and inside `#[tokio::test]` alike.
//!
//! ```
//! use std::time::Duration;
//!
//! use choreograph::{Event, In, Service, StepError, rehearsal::Rehearsal, step};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Event, Serialize, Deserialize, JsonSchema)]
//! #[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id", starts = "order")]
//! struct OrderPlaced { order_id: String, cents: u64 }
//!
//! #[derive(Event, Serialize, Deserialize, JsonSchema)]
//! #[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id", terminal)]
//! struct PaymentConfirmed { order_id: String }
//!
//! async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
//!     tokio::time::sleep(Duration::from_secs(2)).await; // the gateway takes its time; the test does not
//!     if order.cents == 0 {
//!         return Err(StepError::reject("nothing_to_pay", "the order's total is zero"));
//!     }
//!     Ok(PaymentConfirmed { order_id: order.into_inner().order_id })
//! }
//!
//! # fn main() -> Result<(), choreograph::rehearsal::Error> {
//! let mut rehearsal = Rehearsal::new(7).service(Service::new("payment", ()).step(step("charge", charge)));
//! let paid = rehearsal.start(&OrderPlaced { order_id: "o-1".to_owned(), cents: 1_250 })?;
//! let free = rehearsal.start(&OrderPlaced { order_id: "o-2".to_owned(), cents: 0 })?;
//!
//! rehearsal.settle();
//! assert!(rehearsal.emitted::<PaymentConfirmed>().is_empty(), "no time has passed");
//!
//! rehearsal.advance(Duration::from_secs(3));
//! let confirmed = rehearsal.emitted::<PaymentConfirmed>();
//! assert_eq!(confirmed[0].order_id, "o-1");
//! assert_eq!(confirmed[0].metadata.causation_id(), Some(paid.id()));
//! assert_eq!(rehearsal.dead_letters()[0].reason, "rejected");
//! assert_eq!(rehearsal.workflow(paid.correlation_id()).types(), ["order.placed.v1", "payment.confirmed.v1"]);
//! println!("{}", rehearsal.workflow(free.correlation_id()));
//! assert!(rehearsal.is_settled());
//! # Ok(())
//! # }
//! ```
//!
//! # What is drawn from the seed
//!
//! Which step moves next, which partition is read, when a write reaches the log and when its acknowledgement is heard,
//! the partition of a record without a key, the ids of started events. Run a test with several seeds to see its steps in
//! several interleavings; [`Rehearsal::seed`] and the print of a failing test say which one it was.
//!
//! # What it is not
//!
//! Every service runs as one instance; a rebalance takes its partitions away and gives them back. Nothing is deleted
//! from the log. A handler's real I/O (sockets, files on other threads than `spawn_blocking`'s) is not waited for: give
//! the service a fake in its state instead.

mod clock;
mod cluster;
#[cfg(feature = "cost")]
mod cost;
mod dead_letter;
mod error;
mod fault;
mod journal;
mod log;
mod member;
mod partitioner;
mod plans;
mod port;
mod random;
mod record;
#[expect(clippy::module_inception, reason = "the type after which the module is named")]
mod rehearsal;
mod retrying;
mod stage;
mod start;
mod story;
mod world;
mod written;

#[cfg(feature = "cost")]
pub use cost::{published_in_rehearsal, whole_in_rehearsal};
pub use dead_letter::DeadLetter;
pub use error::Error;
pub use fault::Fault;
pub use rehearsal::Rehearsal;
pub use retrying::Retrying;
pub(crate) use start::RehearsedStarts;
pub use story::Story;
pub use written::{Recorded, Written};
