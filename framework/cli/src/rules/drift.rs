//! Rules of what is declared against what is seen.

use super::Rule;

/// What is declared is not seen.
pub const SILENT: &str = "DRIFT_SILENT";
/// What is seen is not declared.
pub const UNDECLARED: &str = "DRIFT_UNDECLARED";
/// What is seen is of a version that nobody declares.
pub const VERSION_SKEW: &str = "DRIFT_VERSION_SKEW";

pub(super) const RULES: [Rule; 3] = [
    Rule {
        id: SILENT,
        sentence: "An event that is declared was not seen for as long as the observer looks back.",
        breaks: "It may be rare. Or its service is not deployed, emits it under another name, or has lost the code that emits it, and whoever waits for it waits for ever.",
        instead: "Look whether the service runs as it was declared; declare no longer what is emitted no longer.",
        example: None,
    },
    Rule {
        id: UNDECLARED,
        sentence: "An event was seen that no manifest declares.",
        breaks: "Nobody has checked that its readers cover it, and no picture shows it: a service is deployed whose manifest was not handed in, or somebody else writes on the topic.",
        instead: "Hand in the manifest of the service that emits it, or stop who should not write there.",
        example: None,
    },
    Rule {
        id: VERSION_SKEW,
        sentence: "An event was seen in a version of its contract that no manifest declares.",
        breaks: "What was checked is not what runs: the emitter is older or newer than its manifest, and its readers were proved against another version.",
        instead: "Hand in the manifest of what is deployed, or deploy what the manifest says.",
        example: None,
    },
];

pub(super) fn find(id: &str) -> Option<Rule> {
    RULES.into_iter().find(|rule| rule.id == id)
}
