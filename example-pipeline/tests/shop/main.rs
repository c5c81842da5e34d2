//! The shop, as its teams and customers have it: one binary, so that what waits for Kafka waits at the same time.

mod choreography;
mod contracts;
mod in_rehearsal;
mod in_several_instances;
mod on_kafka;
mod on_the_embedded_broker;
mod to_watch;
mod with_faults;
