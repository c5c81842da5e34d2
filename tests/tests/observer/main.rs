//! An observer of services as processes of their own on real Kafka, held against an oracle: what was done to each order is
//! known, and what the observer says of it must be that.
//!
//! Services and observer run as this binary again: see [`stage`].

mod agrees;
mod attempts;
mod cast;
mod disorder;
mod guarded;
mod lasts;
mod logs;
mod patience;
mod protocol;
mod reads;
mod sight;
mod stage;
mod steps;
mod twins;
