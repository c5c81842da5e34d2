//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), for code scanning.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::markdown::paragraph;
use crate::report::{Finding, Place, Report, Severity};
use crate::{Failure, Problem, rules};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The name under which a finding's fingerprint stands: its number rises when fingerprints are made otherwise.
const FINGERPRINT: &str = "choreograph/v3";

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let ids: Vec<&str> = report
        .findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(finding, &ids)).collect();
    let mut run = run(report.command);
    run["tool"]["driver"]["rules"] = ids.iter().map(|id| descriptor(id)).collect();
    run["results"] = Value::Array(results);
    super::json::document(&log(run), out)
}

/// What kept a command from its answer: a run that did not succeed, and why.
pub(super) fn failure(failure: &Failure, command: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut run = run(command);
    let notes: Vec<Value> = failure.problems().iter().map(|problem| notification(problem, failure)).collect();
    run["invocations"] = json!([{
        "executionSuccessful": false,
        "exitCode": failure.exit().code(),
        "toolExecutionNotifications": notes,
    }]);
    super::json::document(&log(run), out)
}

fn notification(problem: &Problem, failure: &Failure) -> Value {
    let mut note = json!({ "level": "error", "message": { "text": super::told(problem, failure) } });
    if let Some(file) = &problem.file {
        note["locations"] = json!([location(&Place { line: problem.line, ..Place::file(file.clone()) })]);
    }
    note
}

fn log(run: Value) -> Value {
    let mut log = json!({ "$schema": SCHEMA, "version": "2.1.0" });
    log["runs"] = Value::Array(vec![run]);
    log
}

/// A run that has found nothing.
fn run(command: &str) -> Value {
    let id = if command.is_empty() { "choreograph/".to_owned() } else { format!("choreograph/{command}/") };
    json!({
        "tool": { "driver": {
            "name": "choreograph",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": [],
        } },
        "automationDetails": { "id": id },
        "columnKind": "unicodeCodePoints",
        "results": [],
    })
}

fn descriptor(id: &str) -> Value {
    match rules::find(id) {
        Some(rule) => json!({
            "id": id,
            "shortDescription": { "text": rule.sentence },
            "fullDescription": { "text": rule.breaks },
            "help": { "text": format!("{}\n\n{}", rule.breaks, rule.instead) },
        }),
        None => json!({ "id": id }),
    }
}

fn result(finding: &Finding, ids: &[&str]) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut result = Map::new();
    result.insert("ruleId".into(), json!(finding.rule));
    if let Ok(index) = ids.binary_search(&finding.rule.as_str()) {
        result.insert("ruleIndex".into(), json!(index));
    }
    result.insert("level".into(), json!(level));
    result.insert("message".into(), json!({ "text": paragraph(finding) }));
    if let Some((first, others)) = finding.places.split_first() {
        result.insert("locations".into(), json!([location(first)]));
        let related: Vec<Value> = others.iter().map(location).collect();
        if !related.is_empty() {
            result.insert("relatedLocations".into(), json!(related));
        }
    }
    if let Some(fingerprint) = &finding.fingerprint {
        result.insert("partialFingerprints".into(), json!({ FINGERPRINT: fingerprint }));
    }
    if let Some(reason) = &finding.approved {
        result.insert("suppressions".into(), json!([{ "kind": "external", "justification": reason }]));
    }
    if let Some(witness) = &finding.witness {
        result.insert("properties".into(), json!({ "witness": witness.event }));
    }
    Value::Object(result)
}

fn location(place: &Place) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(&place.file) } });
    if let Some(line) = place.line {
        physical["region"] = json!({ "startLine": line.max(1) });
    }
    let mut location = json!({ "physicalLocation": physical });
    if let Some(pointer) = &place.pointer {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": pointer, "kind": "member" }]);
    }
    if !place.side.is_empty() {
        location["message"] = json!({ "text": place.side });
    }
    location
}

/// A path as a relative reference (RFC 3986), or a `file:` URI if it is absolute. What is a URI already stays.
fn uri(path: &str) -> String {
    if path.starts_with("http://") || path.starts_with("https://") {
        return encoded(path, b":?=&");
    }
    match path.strip_prefix('/') {
        Some(rest) => format!("file:///{}", encoded(rest, b"")),
        None => encoded(path.strip_prefix("./").unwrap_or(path), b""),
    }
}

fn encoded(text: &str, also: &[u8]) -> String {
    let mut uri = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) || also.contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push('%');
            uri.extend(
                [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
            );
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::uri;
    use crate::args::Format;
    use crate::format::sample;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("./schemas/a b/1.0.json"), "schemas/a%20b/1.0.json");
        assert_eq!(uri("/tmp/ä"), "file:///tmp/%C3%A4");
    }

    #[test]
    fn follows_the_standard() {
        let schema: Value =
            serde_json::from_str(include_str!("../../tests/sarif-subset.schema.json")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for report in [sample::report(), sample::hostile(), sample::of(Vec::new()), sample::many(10_000)] {
            let log: Value = serde_json::from_str(&sample::printed(&report, Format::Sarif)).unwrap();
            let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
            assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), report.findings.len());
        }
    }
}
