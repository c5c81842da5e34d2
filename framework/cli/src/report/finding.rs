use choreograph_contracts::compat::{Direction, Proof};
use serde::Serialize;
use serde_json::Value;

use super::Place;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It fails the command.
    Error,
    /// Somebody should look at it; the command goes on.
    Warning,
    /// Good to know.
    Note,
}

/// An event that shows a break.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Witness {
    /// What it shows: `the old contract allows it, the new one refuses it`.
    pub shows: String,
    /// The event.
    pub event: Value,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The rule that it falls under: `choreograph explain RULE` explains it.
    pub rule: String,
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// Which direction of a change breaks, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Where; the first place is where it is to be mended.
    pub places: Vec<Place>,
    /// An event that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// How sure it is, where that is a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// What to do about this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
    /// The finding's name for approvals and for tools that follow findings over time: the same for as long as the
    /// finding is the same, whatever its lines and its wording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The reason for which somebody has approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<String>,
    /// The findings that it follows from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Finding>,
    /// Whether there may be more causes than are listed.
    #[serde(skip_serializing_if = "is_false")]
    pub bounded: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Finding {
    /// An error under `rule`, with nothing but its sentence.
    pub fn error(rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Error, message)
    }

    /// A finding with nothing but its sentence.
    pub fn new(rule: impl Into<String>, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            severity,
            message: message.into(),
            direction: None,
            places: Vec::new(),
            witness: None,
            proof: None,
            help: Vec::new(),
            fingerprint: None,
            approved: None,
            causes: Vec::new(),
            bounded: false,
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}
