//! What failed, and which contracts are in use.

use serde::{Deserialize, Serialize};

use super::AsOf;

/// Dead letters: grouped, and one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failures {
    /// How far the observer has read.
    pub as_of: AsOf,
    /// The fitting dead letters that are open, grouped by step, reason and error, the largest group first.
    pub groups: Vec<FailureGroup>,
    /// The fitting ones, newest first: one page.
    pub items: Vec<DeadLetter>,
    /// How many fit, on all pages.
    pub total: u64,
    /// What to ask the next page with; absent on the last.
    pub next: Option<String>,
}

/// Dead letters of one step that failed alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureGroup {
    /// `service/step`.
    pub step: String,
    /// The reason, one word.
    pub reason: String,
    /// The error, numbers and ids in it replaced by `…`, so that equal ones are grouped.
    pub error: String,
    /// How many are open.
    pub open: u64,
    /// When the first failed.
    pub oldest: u64,
    /// When the last failed.
    pub newest: u64,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its own id.
    pub id: String,
    /// `service/step`.
    pub step: String,
    /// The workflow's id, where the record carried one.
    pub instance: Option<String>,
    /// The event's id.
    pub event: Option<String>,
    /// The event's type with the major.
    pub event_type: Option<String>,
    /// The record's key as text.
    pub key: Option<String>,
    /// The reason, one word.
    pub reason: String,
    /// What went wrong.
    pub error: String,
    /// The violated places, as the step told them.
    pub violations: Option<serde_json::Value>,
    /// The contract that was asserted.
    pub contract: Option<String>,
    /// When it failed.
    pub failed_at: u64,
    /// The attempts that were made.
    pub attempts: u32,
    /// How often it was replayed before.
    pub replays: u32,
    /// The dead-letter topic.
    pub topic: String,
    /// Its partition there.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Where the record was first delivered: `topic/partition/offset`.
    pub origin: Option<String>,
    /// The trace's id of the failing attempt.
    pub trace: Option<String>,
    /// Where it can be looked at, where a trace viewer is set up.
    #[serde(default)]
    pub trace_url: Option<String>,
    /// Whether nobody has replayed or discarded it yet.
    pub open: bool,
    /// What operators did with it, oldest first.
    pub actions: Vec<Replay>,
}

/// What an operator did with a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The id of the action.
    pub id: String,
    /// `replayed`, `edited` or `discarded`.
    pub action: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: u64,
}

/// Which contracts are declared, and which versions are seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contracts {
    /// How far the observer has read.
    pub as_of: AsOf,
    /// By event type.
    pub types: Vec<ContractUse>,
}

/// One event type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractUse {
    /// The type with its major.
    pub event_type: String,
    /// Its topic.
    pub topic: String,
    /// The versions that emitters declare or that were seen.
    pub versions: Vec<VersionUse>,
    /// The steps that consume it.
    pub consumers: Vec<String>,
}

/// One version of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionUse {
    /// `1.3`.
    pub version: String,
    /// Who declares to emit it, `service/step` or `service`.
    pub declared_by: Vec<String>,
    /// How many events were seen in it.
    pub seen: u64,
    /// When the last was seen.
    pub last_seen: Option<u64>,
}
