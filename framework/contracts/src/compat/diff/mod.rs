//! What changed between two schemas, rule by rule.
//!
//! The walk goes through both schemas side by side, through `$ref`, `allOf` and nullable spellings, and names
//! each difference. It decides nothing: each change carries a question, and whether it breaks the reader is
//! answered by the [solver](super::solve).

mod conditions;
mod flat;
mod lists;
mod members;
mod numbers;
mod texts;
mod values;
mod variants;
mod walk;
mod words;

use super::graph::NodeId;
use super::question::Step;
use super::rules::RuleId;

pub(super) use walk::changes;

/// How many changes are listed. What lies beyond shares the verdict, not the list.
pub const MAX_CHANGES: usize = 20_000;

/// How deep the walk goes.
const MAX_WALK_DEPTH: usize = 100;

/// One change.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) rule: RuleId,
    /// Pointer into the old schema: to what changed, or to the schema around it, where it is not there.
    pub(super) old: String,
    /// Pointer into the new schema, alike.
    pub(super) new: String,
    pub(super) message: String,
    /// Where in an event it is.
    pub(super) path: Vec<Step>,
    /// What the writer says there.
    pub(super) writer: NodeId,
    /// What the reader says there, of this change alone.
    pub(super) asked: NodeId,
    /// Whether a rule describes it. If none does, it may be no more than a writer closed and a reader opened.
    pub(super) is_described: bool,
}
