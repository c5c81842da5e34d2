//! The official JSON Schema test suite, and every schema of it on every instance of it.

use jsonschema::{Draft, PatternOptions};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Outcome, read_both, write_both};
use crate::{Contract, Tape};

const SUITE: &str = include_str!("../../../tests/data/json-schema-2020-12.jsonl");

/// Instances of other groups that each schema is run on: every one whose number fits its own.
const CROSSED_EVERY: usize = 5;

#[derive(Deserialize)]
struct Group<'a> {
    file: &'a str,
    description: String,
    schema: Value,
    #[serde(borrow)]
    tests: Vec<(&'a RawValue, bool)>,
}

fn groups() -> Vec<Group<'static>> {
    SUITE.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

/// `jsonschema` on a tree of values, as anybody would use it.
fn oracle(schema: &Value) -> Option<jsonschema::Validator> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(schema)
        .ok()
}

#[derive(Debug, Default)]
struct Counts {
    passed: usize,
    slow: usize,
    refused: usize,
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Slow => self.slow += 1,
            Outcome::Refused => self.refused += 1,
        }
    }
}

/// The suite's verdict counts where this crate compiles the schema and asserts formats as the suite does.
#[test]
fn the_official_suite() {
    let mut tape = Tape::new();
    let (mut read, mut written) = (Counts::default(), Counts::default());
    let (mut uncompiled, mut unprogrammed, mut other_verdicts) = (0, 0, Vec::new());
    for group in groups() {
        let Ok(contract) = Contract::compile(&group.schema) else {
            uncompiled += 1;
            continue;
        };
        let oracle = oracle(&group.schema);
        unprogrammed += usize::from(contract.program.is_none());
        for (instance, valid) in &group.tests {
            let bytes = instance.get().as_bytes();
            read.add(read_both::<Value>(&contract, &mut tape, bytes));
            let checked = contract.check(&mut tape, bytes).is_ok();
            let Ok(value) = serde_json::from_slice::<Value>(bytes) else { continue };
            written.add(write_both(&contract, &mut tape, &value));
            let oracle = oracle.as_ref().map(|oracle| oracle.is_valid(&value));
            assert_eq!(oracle.unwrap_or(checked), checked, "{}: {instance}", group.description);
            if checked != *valid {
                other_verdicts.push(format!("{}: {}: {instance}", group.file, group.description));
            }
        }
    }
    tell!("official suite: read {read:?}, written {written:?}, {unprogrammed} unprogrammed");
    tell!("schemas that need another document or engine: {uncompiled}");
    tell!("verdicts unlike the suite's: {}: {other_verdicts:#?}", other_verdicts.len());
    // One file of the suite takes formats for remarks; here they are asserted.
    assert!(other_verdicts.iter().all(|verdict| verdict.starts_with("format: ")), "{other_verdicts:#?}");
    assert!(read.passed > 600, "{read:?}");
}

#[test]
fn every_schema_of_the_suite_on_the_instances_of_others() {
    let groups = groups();
    let mut instances: Vec<&str> =
        groups.iter().flat_map(|group| group.tests.iter().map(|(instance, _)| instance.get())).collect();
    instances.sort_unstable();
    instances.dedup();
    let (mut read, mut written) = (Counts::default(), Counts::default());
    let mut tape = Tape::new();
    for (number, group) in groups.iter().enumerate() {
        let Ok(contract) = Contract::compile(&group.schema) else { continue };
        if contract.program.is_none() {
            continue;
        }
        for instance in instances.iter().skip(number % CROSSED_EVERY).step_by(CROSSED_EVERY) {
            read.add(read_both::<Value>(&contract, &mut tape, instance.as_bytes()));
            if let Ok(value) = serde_json::from_str::<Value>(instance) {
                written.add(write_both(&contract, &mut tape, &value));
            }
        }
    }
    tell!("{} instances crossed: read {read:?}, written {written:?}", instances.len());
    assert!(read.passed > 10_000, "{read:?}");
}
