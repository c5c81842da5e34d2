//! Every rule on every pair, as one committed table.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::compat::{Document, Options, Proof, Semantics, Verdict, compare, rules};

fn told(verdict: &Verdict) -> String {
    if verdict.compatible {
        return "ok".to_owned();
    }
    let told = verdict.findings.iter().map(|finding| {
        let witness = finding.witness.as_ref().map_or_else(String::new, |witness| format!(" {witness}"));
        let proof = if finding.proof == Proof::Proved { "" } else { " unproven" };
        format!("{}{proof}{witness}", finding.rule)
    });
    told.collect::<Vec<_>>().join("; ")
}

/// What every pair comes to. Set `UPDATE_SNAPSHOTS` to write it anew, and read what changed.
#[test]
fn every_rule_is_run_on_every_pair() {
    let mut table = String::new();
    for rule in rules() {
        let document = |name: &str, value: &Value| Document::from_value(name, value.clone());
        let (old, new) = (document("old", &rule.old), document("new", &rule.new));
        writeln!(table, "{}", rule.id).unwrap();
        for (name, semantics) in [("contract", Semantics::Contract), ("plain", Semantics::Plain)] {
            let comparison = compare(&old, &new, &Options::new(semantics)).unwrap();
            writeln!(table, "  {name} {}", serde_json::to_string(&comparison.bump).unwrap()).unwrap();
            writeln!(table, "    backward {}", told(&comparison.backward)).unwrap();
            writeln!(table, "    forward {}", told(&comparison.forward)).unwrap();
            for change in &comparison.changes {
                writeln!(table, "    note {}", change.rule).unwrap();
            }
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/matrix.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(table, committed, "set UPDATE_SNAPSHOTS to write {path} anew");
}

#[test]
fn each_pair_shows_its_own_rule() {
    for rule in rules() {
        let document = |name: &str, value: &Value| Document::from_value(name, value.clone());
        let (old, new) = (document("old", &rule.old), document("new", &rule.new));
        let shown = [Semantics::Contract, Semantics::Plain].into_iter().any(|semantics| {
            let found = compare(&old, &new, &Options::new(semantics)).unwrap();
            let findings =
                found.backward.findings.iter().chain(&found.forward.findings).chain(&found.changes);
            findings.into_iter().any(|finding| finding.rule == rule.id)
        });
        assert!(shown, "{}", rule.id);
    }
}

/// A change that some rule describes is not told a second time as one that no rule describes.
#[test]
fn what_a_rule_describes_is_no_change_of_combinators() {
    for rule in rules().iter().filter(|rule| rule.id != "COMBINATOR_CHANGED") {
        let document = |name: &str, value: &Value| Document::from_value(name, value.clone());
        let (old, new) = (document("old", &rule.old), document("new", &rule.new));
        for semantics in [Semantics::Contract, Semantics::Plain] {
            let found = compare(&old, &new, &Options::new(semantics)).unwrap();
            let findings =
                found.backward.findings.iter().chain(&found.forward.findings).chain(&found.changes);
            assert!(
                findings.clone().all(|it| it.rule != "COMBINATOR_CHANGED"),
                "{}, {semantics:?}: {:?}",
                rule.id,
                findings.collect::<Vec<_>>()
            );
        }
    }
}

/// What was added or removed has a place on the other side too: the object that lacks it.
#[test]
fn every_finding_has_a_pointer_and_a_line_on_both_sides() {
    for rule in rules() {
        let document = |name: &str, value: &Value| {
            Document::parse(name, serde_json::to_string_pretty(value).unwrap().as_bytes()).unwrap()
        };
        let (old, new) = (document("old", &rule.old), document("new", &rule.new));
        for semantics in [Semantics::Contract, Semantics::Plain] {
            let found = compare(&old, &new, &Options::new(semantics)).unwrap();
            for finding in found.backward.findings.iter().chain(&found.forward.findings).chain(&found.changes)
            {
                for (place, document) in [(&finding.old, &old), (&finding.new, &new)] {
                    assert!(document.value().pointer(&place.pointer).is_some(), "{}: {finding:?}", rule.id);
                    assert!(place.line.is_some(), "{}: {finding:?}", rule.id);
                }
            }
        }
    }
}

#[test]
fn a_field_that_is_added_is_missing_in_the_object_around_it() {
    let order = |address: Value| {
        let text = json!({ "type": "object", "properties": { "address": address } }).to_string();
        Document::parse("order", text.as_bytes()).unwrap()
    };
    let old = order(json!({ "type": "object", "properties": { "city": { "type": "string" } } }));
    let new = order(json!({
        "type": "object",
        "properties": { "city": { "type": "string" }, "zip": { "type": "string" } },
        "required": ["zip"],
    }));
    let found = compare(&old, &new, &Options::default()).unwrap();
    let finding = &found.backward.findings[0];
    assert_eq!(finding.rule, "FIELD_REQUIRED_ADDED");
    assert_eq!(finding.old.pointer, "/properties/address");
    assert_eq!(finding.new.pointer, "/properties/address/properties/zip");
}
