//! `choreograph topology drift`: where what is declared and what is seen differ.

use choreograph_observer::answer::{DriftKind, Drifts};
use serde_json::json;

use crate::Failure;
use crate::args::Drift;
use crate::observer::{Ask, age};
use crate::report::{Finding, Report, Severity};
use crate::rules::drift;

pub(super) fn run(args: &Drift) -> Result<Report, Failure> {
    let answer: Drifts = Ask::new(&args.asked)?.get(&["api", "drift"], &[])?;
    let findings: Vec<Finding> = answer
        .drifts
        .iter()
        .map(|seen| {
            // What is declared and not seen may merely be rare.
            let (rule, severity) = match seen.kind {
                DriftKind::Silent => (drift::SILENT, Severity::Warning),
                DriftKind::Undeclared => (drift::UNDECLARED, Severity::Error),
                DriftKind::VersionSkew => (drift::VERSION_SKEW, Severity::Error),
            };
            Finding::new(rule, severity, seen.sentence.clone())
        })
        .collect();
    let verdict = match findings.len() {
        0 => "what is declared and what is seen agree".to_owned(),
        1 => "1 difference".to_owned(),
        count => format!("{count} differences"),
    };
    let behind = age(answer.as_of.behind_ms);
    let summary = vec![format!("{verdict}, over the last {}; as of {behind} ago", age(answer.window_ms))];
    let json = json!({
        "holds": findings.iter().all(|finding| finding.severity != Severity::Error),
        "as_of": answer.as_of,
        "window_ms": answer.window_ms,
        "drifts": answer.drifts,
    });
    Ok(Report { command: "topology drift", page: None, findings, summary, json })
}
