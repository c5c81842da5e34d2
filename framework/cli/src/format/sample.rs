//! Reports for the tests of the formats.

use choreograph_contracts::compat::{Direction, Proof};
use serde_json::json;

use crate::args::Format;
use crate::report::{Finding, Place, Report, Severity, Witness};

pub(crate) fn printed(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    super::write(report, format, false, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn place(side: &str, file: &str, line: u32, text: &str) -> Place {
    Place {
        line: Some(line),
        pointer: Some("/properties/total".into()),
        text: Some(text.into()),
        ..Place::file(file).side(side)
    }
}

pub(crate) fn report() -> Report {
    let mut finding = Finding::error("TYPE_CHANGED", "`total` was a number and is a text")
        .at(place("new", "schemas/a b/1.1.json", 12, "    \"type\": \"string\""))
        .at(place("old", "schemas/a b/1.0.json", 7, "    \"type\": \"number\""));
    finding.direction = Some(Direction::Backward);
    finding.proof = Some(Proof::Proved);
    finding.fingerprint = Some("0011223344556677".into());
    finding.witness = Some(Witness {
        shows: "the old contract allows it, the new one refuses it".into(),
        event: json!({ "total": 1 }),
    });
    of(vec![finding])
}

pub(crate) fn of(findings: Vec<Finding>) -> Report {
    let errors = findings.len();
    let json = json!({ "findings": findings });
    Report { command: "check", page: None, findings, summary: vec![format!("{errors} error")], json }
}

pub(crate) fn many(count: usize) -> Report {
    of((0..count).map(|number| Finding::error("TYPE_CHANGED", format!("number {number}"))).collect())
}

/// Every text holds what some format's reader would obey.
pub(crate) fn hostile() -> Report {
    const TEXT: &str = "100% <b>&\"' ]]> \u{1b}[2J \r\n::error::| `x` : , \u{202e} \u{0} \u{ffff}";
    let mut finding =
        Finding::new("A_RULE", Severity::Warning, TEXT).help(TEXT).at(place(TEXT, TEXT, 1, TEXT));
    finding.witness = Some(Witness { shows: TEXT.into(), event: json!({ TEXT: TEXT }) });
    finding.fingerprint = Some("00".into());
    let mut report = of(vec![finding]);
    report.page = Some(TEXT.into());
    report.summary = vec![TEXT.into()];
    report
}
