//! The union of manifests: which event goes from whom to whom.

mod event_id;
mod flow;
mod join;
mod reach;

pub use event_id::EventId;
pub use flow::{Consumer, Emitter, Flow, Way};
pub use join::{Choreography, MAX_MANIFESTS};
pub(crate) use reach::Reach;
