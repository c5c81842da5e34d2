//! The observer: where every instance of a workflow is, told from topics and committed offsets alone.
//!
//! It directs nothing and holds no authority: it joins no group, writes to no topic that a step reads, and nothing
//! stops when it is killed.
//!
//! - [`fact`]: what it is told. Records, committed offsets, states of groups, manifests, each with the time.
//! - [`model`]: what it makes of that: a projection with neither I/O nor a clock.
//! - [`answer`]: what it tells. The JSON of its HTTP interface, which the page and the command share.

#![deny(missing_docs)]

pub mod answer;
pub mod fact;
pub mod model;
