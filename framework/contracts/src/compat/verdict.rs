//! What a comparison says.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::options::{Direction, Semantics};
use super::rules::RuleId;

/// Both directions of a change, and the version step it needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// How the schemas were read.
    pub semantics: Semantics,
    /// May new readers read old events?
    pub backward: Verdict,
    /// May old readers read new events?
    pub forward: Verdict,
    /// The version step that the change needs.
    pub bump: Bump,
    /// What changed without breaking anybody, for people to read; not part of the serialised form.
    #[serde(skip)]
    pub changes: Vec<Finding>,
}

impl Comparison {
    /// The verdict of one direction.
    pub fn verdict(&self, direction: Direction) -> &Verdict {
        match direction {
            Direction::Backward => &self.backward,
            Direction::Forward => &self.forward,
        }
    }

    /// Whether there may be changes, in either direction, that are not listed.
    pub fn is_bounded(&self) -> bool {
        self.backward.is_bounded || self.forward.is_bounded
    }
}

/// Whether a reader reads every event that a writer may emit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether it does, proved. What could not be decided is `false`.
    pub compatible: bool,
    /// The breaks: at least one exactly if it does not.
    pub findings: Vec<Finding>,
    /// How many steps of its [`Budget`](super::Budget) the search took. Not part of the serialised form.
    #[serde(skip)]
    pub steps: u64,
    /// Whether there may be changes that are not listed: they have their part in the verdict all the same. Not part of the
    /// serialised form.
    #[serde(skip)]
    pub is_bounded: bool,
}

impl Verdict {
    /// No break.
    pub(super) fn holds() -> Self {
        Self { compatible: true, findings: Vec::new(), steps: 0, is_bounded: false }
    }

    /// Breaks. The list is not empty.
    pub(super) fn breaks(findings: Vec<Finding>) -> Self {
        Self { compatible: false, findings, steps: 0, is_bounded: false }
    }
}

/// One change and what it does to the reader.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The rule that the change falls under; [`rule`](super::rule) explains it.
    pub rule: RuleId,
    /// How grave it is.
    pub severity: Severity,
    /// Its place in the old document; of what is not there, the schema around it, an object that lacks a field, say.
    /// Of [`covers`](super::covers), the writer.
    pub old: Place,
    /// Its place in the new document, alike. Of [`covers`](super::covers), the reader.
    pub new: Place,
    /// What changed and why it matters, as one sentence without a full stop.
    pub message: String,
    /// An event that the writer's schema accepts and the reader's refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
    /// Whether there is a witness.
    pub proof: Proof,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The reader refuses events that the writer may emit, or nothing proves that it does not.
    Error,
    /// A change that breaks nobody.
    Note,
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// JSON Pointer.
    pub pointer: String,
    /// Line, counted from 1, if the document has text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// A witness shows it.
    Proved,
    /// Nothing shows that the change is safe. It fails all the same.
    Unproven,
}

/// The version step that a change needs, smallest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// Nothing changed.
    None,
    /// Only annotations changed: the same file may be written again.
    Patch,
    /// Both directions hold.
    Minor,
    /// One direction does not.
    Major,
}
