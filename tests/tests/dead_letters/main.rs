//! Dead letters on real Kafka, by the command that people use: `choreograph dlq`.
//!
//! The command runs as a process of its own, which is this binary again, so that it can be killed.

mod by_hand;
mod editor;
mod foreign;
mod kills;
mod places;
mod stage;
mod steps;
mod traces;
