//! What the tests of the whole stand on: real Kafka, faults, real OTLP, and a judge.
//!
//! | module | gives |
//! |---|---|
//! | [`kafka`] | Apache Kafka of one node or three, fetched and started here, to be stopped, killed, paused |
//! | [`proxy`] | a TCP proxy that refuses, swallows, delays and cuts |
//! | [`tls`] | encryption before a server that has none |
//! | [`topics`] | topics written and read as raw records, groups looked at from outside |
//! | [`process`] | services as processes of their own, which never outlive the test |
//! | [`oracle`] | what was acknowledged, and what became of it |
//! | [`otlp`] | a receiver of spans and metrics, over gRPC and HTTP |
//! | [`block_on`](fn@block_on) | a future waited for, where there is no runtime |
//! | [`eventually`](fn@eventually) | waiting for a condition with a deadline, in place of a sleep |
//!
//! Everything here blocks the calling thread and may be used without an async runtime. In an async test
//! use a runtime of several threads, or what the test waits for may stand still with it.
//!
//! Nothing started here outlives the test: what a panic does not clean up, a watchdog does, which waits for
//! the end of the test's process (see [`process`]).

mod block_on;
mod eventually;
mod folder;
mod port;

pub mod kafka;
pub mod oracle;
pub mod otlp;
pub mod process;
pub mod proxy;
pub mod tls;
pub mod topics;

pub use block_on::block_on;
pub use eventually::eventually;
