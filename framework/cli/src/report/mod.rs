//! What every command has to say, in one form that every format prints.

mod finding;
mod place;

pub use finding::{Finding, Severity, Witness};
pub use place::Place;

use serde_json::Value;

use crate::Exit;

/// What a command found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The command: `diff`.
    pub command: &'static str,
    /// A text that stands before the findings, if the command has one to show.
    pub page: Option<String>,
    /// What was found, gravest first or in the order of the input.
    pub findings: Vec<Finding>,
    /// What it comes to, in one or a few lines.
    pub summary: Vec<String>,
    /// What `--format json` prints.
    pub json: Value,
}

impl Report {
    /// How many findings are errors.
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// [`Exit::Findings`] if one finding is an error.
    pub fn exit(&self) -> Exit {
        if self.errors() == 0 { Exit::Holds } else { Exit::Findings }
    }
}
