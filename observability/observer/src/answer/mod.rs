//! What the observer tells: the JSON of its HTTP interface, which the page and the command share.
//!
//! | path | answers |
//! |---|---|
//! | `GET /api/overview` | [`Overview`] |
//! | `GET /api/workflows/NAME` | [`WorkflowGraph`] |
//! | `GET /api/instances?workflow&state&step&reason&stuck&attempt&error&older&key&cursor&limit` | [`Instances`] |
//! | `GET /api/instances/ID` | [`Instance`]; 404 where nobody knows it |
//! | `GET /api/where/TEXT` | [`Instances`]: by id, by business key, or by the id of any of its events |
//! | `GET /api/failures?step&reason&error&open&cursor&limit` | [`Failures`] |
//! | `GET /api/contracts` | [`Contracts`] |
//! | `GET /api/drift` | [`Drifts`] |
//! | `GET /api/live` | server-sent events: `tick` with [`Tick`], at most one a second and whenever something changed |
//!
//! Every answer says with [`AsOf`] how far the observer has read. Times are milliseconds since the Unix epoch.

mod failures;
mod graph;
mod instance;
mod overview;

pub use failures::{ContractUse, Contracts, DeadLetter, FailureGroup, Failures, Replay, VersionUse};
pub use graph::{Drift, DriftKind, Drifts, Edge, EventNode, StepNode, WorkflowGraph};
pub use instance::{
    AtStep, Attempt, AttemptOutcome, Event, Instance, InstanceState, InstanceSummary, Instances, Owing, Seat,
    StallReason, StepState, Trace, Twin,
};
pub use overview::{Overview, WorkflowSummary};

use serde::{Deserialize, Serialize};

/// How far the observer has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AsOf {
    /// The observer's clock when it answered.
    pub now: u64,
    /// How old the newest complete look at topics and groups is, in milliseconds.
    pub behind_ms: u64,
    /// Whether everything that was in the topics when it started has been read: before, "unknown" is not "lost".
    pub caught_up: bool,
}

/// Sight older than this is no sight, in milliseconds: it proves nothing of what is so now.
pub const MAX_BEHIND_MS: u64 = 30_000;

impl AsOf {
    /// Whether what is not seen can be relied on: everything was read once, and lately. Where it was not, that nothing is
    /// told to be stuck does not say that nothing is.
    pub fn is_current(self) -> bool {
        self.caught_up && self.behind_ms <= MAX_BEHIND_MS
    }
}

/// Something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// How far the observer has read.
    pub as_of: AsOf,
    /// Grows with every change of anything that can be asked for.
    pub generation: u64,
}

/// One value of a filter, and how many instances it would leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The value: a state, a reason, a step.
    pub name: String,
    /// How many.
    pub count: u64,
}
