//! Awkward schemas end in an answer or a clear refusal, on an ordinary stack and within a count of steps.

use serde_json::{Value, json};

use super::made::{Made, SMALL, Told, small};
use crate::compat::{
    Budget, CompareError, Comparison, Document, Options, Proof, Semantics, Verdict, compare,
};

fn compared(old: Value, new: Value, contract: bool) -> Result<Comparison, CompareError> {
    let (old, new) = (Document::from_value("old", old), Document::from_value("new", new));
    let semantics = if contract { Semantics::Contract } else { Semantics::Plain };
    compare(&old, &new, &Options::new(semantics))
}

fn told(verdict: &Verdict) -> Told {
    if verdict.compatible {
        Told::Holds
    } else if verdict.findings.iter().any(|finding| finding.proof == Proof::Proved) {
        Told::Breaks
    } else {
        Told::Unproven
    }
}

#[test]
fn awkward_pairs_are_answered_or_refused() {
    let mut wrong = Vec::new();
    for index in 0..SMALL {
        let Made { name, old, new, contract, backward, forward } = small(index);
        let found = match compared(old, new, contract) {
            Err(error) => {
                let refused =
                    |told: Told| matches!(told, Told::Refused(why) if error.to_string().contains(why));
                if !refused(backward) || !refused(forward) {
                    wrong.push(format!("{name}: {error}"));
                }
                continue;
            }
            Ok(found) => found,
        };
        for (expected, verdict) in [(backward, &found.backward), (forward, &found.forward)] {
            // An answer is one that was reached, not one that was given up for.
            let in_time = expected == Told::Unproven || verdict.steps < Budget::STEPS;
            if told(verdict) != expected || !in_time {
                let rules: Vec<&str> = verdict.findings.iter().map(|finding| finding.rule).take(5).collect();
                wrong.push(format!(
                    "{name}: expected {expected:?}, {:?} {rules:?} in {}",
                    told(verdict),
                    verdict.steps
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_decided_within_the_budget_is_said_to_be_so() {
    let Made { old, new, .. } = small(2);
    let (old, new) = (Document::from_value("old", old), Document::from_value("new", new));
    let options = Options { budget: Budget { steps: 1_000 }, ..Options::default() };
    let found = compare(&old, &new, &options).unwrap();
    assert_eq!(told(&found.backward), Told::Unproven);
    let first = &found.backward.findings[0];
    assert!(first.message.starts_with("not decided within 1000 steps"), "{}", first.message);
    assert!(found.backward.steps <= 1_000);
}

#[test]
fn a_union_that_grows_has_one_finding() {
    let Made { old, new, .. } = small(0);
    let found = compared(old, new, true).unwrap();
    let rules: Vec<&str> = found.forward.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["VARIANT_ADDED"]);
}

#[test]
fn what_never_ends_or_goes_outside_is_refused() {
    for (schema, problem) in [
        (json!({ "allOf": [{ "$ref": "#" }] }), "leads back to itself"),
        (json!({ "$ref": "#" }), "leads back to itself"),
        (
            json!({ "$ref": "#/$defs/A", "$defs": { "A": { "anyOf": [{ "$ref": "#/$defs/B" }] }, "B": { "not": { "$ref": "#/$defs/A" } } } }),
            "leads back to itself",
        ),
        (json!({ "$ref": "https://example.com/other.json" }), "outside this document"),
        (json!({ "$ref": "file:///etc/passwd" }), "outside this document"),
        (json!({ "$ref": "#/$defs/Missing" }), "no such schema"),
        (json!({ "type": "text" }), "is no type"),
        (json!({ "$schema": "https://example.com/mine" }), "unknown dialect"),
        (json!({ "minLength": "3" }), "must be a number"),
        (
            json!({ "$schema": "http://json-schema.org/draft-04/schema#", "type": "integer" }),
            "draft 4 takes 1.0",
        ),
    ] {
        let error = compared(schema.clone(), json!({}), true).unwrap_err().to_string();
        assert!(error.contains(problem), "{schema}: {error}");
    }
}

#[test]
fn long_names_of_what_can_be_referred_to_are_refused_before_they_fill_the_memory() {
    let anchors = (0..1_000).map(|index| (format!("f{index}"), json!({ "$anchor": format!("f{index}") })));
    let deep = json!({ "$defs": anchors.collect::<serde_json::Map<_, _>>() });
    // Nothing refers to them, so no schema is read there.
    let schema = json!({ "$defs": { "n".repeat(100_000): deep } });
    let error = compared(schema, json!({}), false).unwrap_err().to_string();
    assert!(error.contains("names are too long"), "{error}");
}

#[test]
fn a_document_that_nests_too_deep_is_refused() {
    let deep = (0..200).fold(json!({}), |inner, _| json!({ "not": inner }));
    let error = compared(deep, json!({}), true).unwrap_err().to_string();
    assert!(error.contains("nests too deep"), "{error}");
}
