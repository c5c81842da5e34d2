//! `choreograph topology drift`: where what is declared and what is seen differ.

use choreograph_observer::answer::{DriftKind, Drifts};
use serde_json::json;

use crate::args::Drift;
use crate::observer::{Ask, age, unless_blind};
use crate::report::{Finding, Report, Severity};
use crate::rules::drift;
use crate::{Failure, Output};

pub(super) fn run(args: &Drift) -> Result<Output, Failure> {
    let ask = Ask::new(&args.asked)?;
    let answer: Drifts = ask.get(&["api", "drift"], &[])?;
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
    let grave = findings.iter().any(|finding| finding.severity == Severity::Error);
    let verdict = match findings.len() {
        0 => "what is declared and what is seen agree".to_owned(),
        1 => "1 difference".to_owned(),
        count => format!("{count} differences"),
    };
    let verdict = match answer.left_off {
        0 => verdict,
        more => format!("{verdict}, and {more} more which the observer leaves off"),
    };
    let behind = age(answer.as_of.behind_ms);
    let summary = vec![format!("{verdict}, over the last {}; as of {behind} ago", age(answer.window_ms))];
    let json = json!({
        "holds": !grave && answer.as_of.is_current(),
        "as_of": answer.as_of,
        "window_ms": answer.window_ms,
        "drifts": answer.drifts,
        "left_off": answer.left_off,
    });
    let report = Report { command: "topology drift", page: None, findings, summary, json };
    let output = Output::Report(Box::new(report));
    Ok(if grave { output } else { unless_blind(output, answer.as_of, Some(&ask)) })
}
