//! What the framework costs: the events that both benchmarks handle.
//!
//! `cost` counts instructions and allocations a record, which no noisy machine can blur; `throughput` compares the
//! framework's step with a hand-written loop on real Kafka.

pub mod events;
pub mod throughput;
