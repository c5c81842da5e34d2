//! The official JSON Schema test suite, and every schema of it on every instance of it.

use std::fmt::Write as _;
use std::thread;

use jsonschema::{Draft, PatternOptions};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Outcome, read_both, write_both};
use crate::{Contract, Tape};

const SUITE: &str = include_str!("../../../tests/data/json-schema-2020-12.jsonl");

/// The schemas of the suite that are refused, and those that no pass is made of, each with the reason.
const REFUSED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/json-schema-2020-12.refused.txt");

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

    fn add_all(&mut self, other: &Self) {
        self.passed += other.passed;
        self.slow += other.slow;
        self.refused += other.refused;
    }
}

/// The suite's verdict counts where this crate compiles the schema and asserts formats as the suite does.
#[test]
fn the_official_suite() {
    let mut tape = Tape::new();
    let (mut read, mut written) = (Counts::default(), Counts::default());
    let mut other_verdicts = Vec::new();
    for group in groups() {
        let Ok(contract) = Contract::compile(&group.schema) else { continue };
        let oracle = oracle(&group.schema);
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
    tell!("official suite: read {read:?}, written {written:?}");
    tell!("verdicts unlike the suite's: {}: {other_verdicts:#?}", other_verdicts.len());
    // One file of the suite takes formats for remarks; here they are asserted.
    assert!(other_verdicts.iter().all(|verdict| verdict.starts_with("format: ")), "{other_verdicts:#?}");
    assert!(read.passed > 600, "{read:?}");
}

/// A schema that is refused is not tested: which ones are, and why, is committed. `UPDATE_SNAPSHOTS` writes it anew.
#[test]
fn the_schemas_that_are_refused_are_known() {
    let (mut refused, mut unprogrammed, mut lines) = (0, 0, String::new());
    for group in groups() {
        let why = match Contract::compile(&group.schema) {
            Err(error) => {
                refused += 1;
                format!("refused: {error}")
            }
            Ok(contract) if contract.program.is_none() => {
                unprogrammed += 1;
                format!(
                    "no pass: {}",
                    contract.buffered().iter().map(|place| place.why.as_str()).collect::<String>()
                )
            }
            Ok(_) => continue,
        };
        // Writing to a text cannot fail.
        _ = writeln!(lines, "{}: {}: {why}", group.file, group.description);
    }
    let found =
        format!("{} schemas, {refused} refused, {unprogrammed} without a pass\n\n{lines}", groups().len());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(REFUSED, &found).unwrap();
    }
    let committed = std::fs::read_to_string(REFUSED).unwrap_or_default();
    assert_eq!(found, committed, "set UPDATE_SNAPSHOTS to write {REFUSED} anew");
}

/// Runs some of the schemas on all instances: the check says what `jsonschema` says of a tree of values, and the pass what the check says.
fn crossed<'a>(groups: impl Iterator<Item = &'a Group<'static>>, instances: &[&str]) -> [Counts; 2] {
    let [mut read, mut written] = [Counts::default(), Counts::default()];
    let mut tape = Tape::new();
    let values: Vec<Option<Value>> = instances.iter().map(|it| serde_json::from_str(it).ok()).collect();
    for group in groups {
        let Ok(contract) = Contract::compile(&group.schema) else { continue };
        let oracle = oracle(&group.schema);
        for (instance, value) in instances.iter().zip(&values) {
            if let (Some(oracle), Some(value)) = (&oracle, value) {
                let checked = contract.check(&mut tape, instance.as_bytes()).is_ok();
                assert_eq!(checked, oracle.is_valid(value), "{}: {instance}", group.description);
            }
            // Without a pass there is nothing else to compare.
            if contract.program.is_none() {
                continue;
            }
            read.add(read_both::<Value>(&contract, &mut tape, instance.as_bytes()));
            if let Some(value) = value {
                written.add(write_both(&contract, &mut tape, value));
            }
        }
    }
    [read, written]
}

#[test]
fn every_schema_of_the_suite_on_every_instance_of_it() {
    let groups = groups();
    let mut instances: Vec<&str> =
        groups.iter().flat_map(|group| group.tests.iter().map(|(instance, _)| instance.get())).collect();
    instances.sort_unstable();
    instances.dedup();
    let (groups, instances) = (&groups, &instances);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let counts: Vec<[Counts; 2]> = thread::scope(|scope| {
        let part = |at: usize| move || crossed(groups.iter().skip(at).step_by(threads), instances);
        let parts: Vec<_> = (0..threads).map(|at| scope.spawn(part(at))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).collect()
    });
    let [mut read, mut written] = [Counts::default(), Counts::default()];
    for [of_read, of_written] in &counts {
        read.add_all(of_read);
        written.add_all(of_written);
    }
    tell!("{} schemas x {} instances: read {read:?}, written {written:?}", groups.len(), instances.len());
    assert!(read.passed > 50_000, "{read:?}");
}
