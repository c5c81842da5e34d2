//! One workflow as a picture: what was declared, what was seen, and what waits where.

use serde::{Deserialize, Serialize};

use super::{AsOf, Count};

/// The declared choreography of one workflow, with what is seen on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkflowGraph {
    /// How far the observer has read.
    pub as_of: AsOf,
    /// The workflow.
    pub name: String,
    /// The steps.
    pub steps: Vec<StepNode>,
    /// The event types that travel between them.
    pub events: Vec<EventNode>,
    /// Who emits what, and who consumes it.
    pub edges: Vec<Edge>,
}

/// A step in the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepNode {
    /// `service/step`.
    pub step: String,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// Whether a terminal event can still follow from it; else it is a side step, which changes no instance's state.
    pub path: bool,
    /// Whether a manifest declares it; else it was only seen.
    pub declared: bool,
    /// `stable`, `rebalancing`, `empty`, `dead` or `unknown`.
    pub group_state: String,
    /// How many events of this workflow are there in each state: `queued`, `handling`, `retrying`, …
    pub owing: Vec<Count>,
    /// Records of its inputs that its group has not committed, of all workflows, and of types that it passes over too.
    pub lag: u64,
    /// Events of this workflow that it took in the last minute, of the types that it consumes, as far as what its group
    /// committed and what it emitted tell.
    pub committed_last_minute: u64,
    /// How long the oldest event has been waiting here, in milliseconds.
    pub oldest_waiting_ms: Option<u64>,
    /// Its open dead letters.
    pub dead_letters: u64,
    /// What is wrong here, where something is: the reason for which most instances stand still.
    pub stalled: Option<super::StallReason>,
    /// The instances of this workflow that stand still here, by reason, whatever their state. One that does for several
    /// counts under each.
    #[serde(default)]
    pub stalled_by: Vec<Count>,
    /// The instances of this workflow of which it swallowed an event: they are lost.
    #[serde(default)]
    pub lost: u64,
}

/// An event type in the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventNode {
    /// The type with its major: `order.placed.v1`.
    pub event_type: String,
    /// Its topic.
    pub topic: String,
    /// Whether a workflow owes nothing after it.
    pub terminal: bool,
    /// Whether it comes from outside.
    pub external: bool,
    /// Whether it is read outside.
    pub outbound: bool,
    /// How many were seen in this workflow.
    pub seen: u64,
    /// How many of them in the last minute.
    pub seen_last_minute: u64,
}

/// `from` emits the type, or the type is consumed by `to`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// `service/step` of the emitter; `None` where the edge begins at the event.
    pub from: Option<String>,
    /// The type with its major.
    pub event_type: String,
    /// `service/step` of the consumer; `None` where the edge ends at the event.
    pub to: Option<String>,
    /// How many went this way.
    pub seen: u64,
    /// How many of them in the last minute.
    pub seen_last_minute: u64,
    /// Where declaration and sight differ.
    pub drift: Option<DriftKind>,
}

/// How declaration and sight differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Declared, and not seen for as long as the observer looks back.
    Silent,
    /// Seen, and not declared.
    Undeclared,
    /// Seen in a version that nobody declares.
    VersionSkew,
}

/// All differences between declaration and sight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drifts {
    /// How far the observer has read.
    pub as_of: AsOf,
    /// How far back it looks, in milliseconds.
    pub window_ms: u64,
    /// The differences: what is undeclared, then other versions, then what is silent.
    pub drifts: Vec<Drift>,
    /// How many more there are.
    #[serde(default)]
    pub left_off: u64,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// What kind.
    pub kind: DriftKind,
    /// `service/step` of the emitter, where that is the side at issue.
    pub from: Option<String>,
    /// The type with its major.
    pub event_type: String,
    /// `service/step` of the consumer, where that is the side at issue.
    pub to: Option<String>,
    /// The contract's version, of a version skew: `1.3`.
    pub contract_version: Option<String>,
    /// The difference in a sentence.
    pub sentence: String,
}
