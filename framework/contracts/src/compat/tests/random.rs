//! No event may refute a "compatible", whatever the schemas.

use std::io::Write as _;

use jsonschema::Validator;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use super::schemas;
use crate::compat::compare::reads_itself;
use crate::compat::graph::Graph;
use crate::compat::judge::Judge;
use crate::compat::prepare::{Part, Prepared};
use crate::compat::sample::{Dice, Sampler};
use crate::compat::{Document, Options, Proof, Semantics, Verdict, compare};

/// How many pairs of schemas are looked at, in both directions and both semantics. More with this variable.
const PAIRS: u32 = 400;
const MORE: &str = "CONTRACT_PAIRS";
/// How many events are made of each.
const EVENTS: usize = 40;

fn runner() -> TestRunner {
    let cases = std::env::var(MORE).ok().and_then(|count| count.parse().ok()).unwrap_or(PAIRS);
    let seed = std::env::var("CONTRACT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7_u8);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
}

fn prepared(document: &Document, part: Part, semantics: Semantics) -> Option<(Prepared<'_>, Validator)> {
    let prepared = Prepared::new(document, part, semantics).ok()?;
    let validator = prepared.validator().ok()?.clone();
    Some((prepared, validator))
}

/// Prints a line past the harness, which keeps back what a passing test says.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").unwrap();
}

/// Random events of a writer.
fn events(writer: &Prepared<'_>, other: &Prepared<'_>, seed: u64) -> Vec<Value> {
    let mut graph = Graph::default();
    let (Ok(root), Ok(reader)) =
        (graph.read(&writer.schema, writer.asserted), graph.read(&other.schema, other.asserted))
    else {
        return Vec::new();
    };
    let Ok([root, reader]) = graph.settle([root, reader]) else { return Vec::new() };
    let mut sampler = Sampler::new(&graph, seed);
    (0..EVENTS).map(|index| sampler.value(if index % 4 == 0 { reader } else { root })).collect()
}

#[derive(Debug, Default)]
struct Counts {
    compatible: usize,
    proved: usize,
    unproven: usize,
    events: usize,
    refused: usize,
}

fn check(
    verdict: &Verdict,
    (writer, accepts): &(Prepared<'_>, Validator),
    (reader, reads): &(Prepared<'_>, Validator),
    seed: u64,
    counts: &mut Counts,
) -> Result<(), TestCaseError> {
    for witness in verdict.findings.iter().filter_map(|finding| finding.witness.as_ref()) {
        prop_assert!(accepts.is_valid(witness), "writer refuses the witness {witness}");
        prop_assert!(!reads.is_valid(witness), "reader takes the witness {witness}");
    }
    prop_assert_eq!(verdict.compatible, verdict.findings.is_empty());
    if !verdict.compatible {
        let proved = verdict.findings.iter().any(|finding| finding.proof == Proof::Proved);
        *(if proved { &mut counts.proved } else { &mut counts.unproven }) += 1;
        if !proved && std::env::var("CONTRACT_SHOW").is_ok() {
            say(&format!("unproven\n  {}\n  {}", writer.schema, reader.schema));
        }
        return Ok(());
    }
    counts.compatible += 1;
    for event in events(writer, reader, seed) {
        if accepts.is_valid(&event) {
            counts.events += 1;
            prop_assert!(
                reads.is_valid(&event),
                "unsound: {event}\n writer {}\n reader {}",
                writer.schema,
                reader.schema
            );
        }
    }
    Ok(())
}

/// Asks about pairs, in both directions and both semantics, and holds what is said against random events.
fn hold_verdicts_of(pair: impl Fn(&mut Dice) -> [Value; 2]) -> Counts {
    let mut counts = Counts::default();
    let counted = std::cell::RefCell::new(&mut counts);
    let outcome = runner().run(&any::<u64>(), |seed| {
        let counts = &mut **counted.borrow_mut();
        let [old, new] = pair(&mut Dice::new(seed));
        let (old, new) = (Document::from_value("old", old), Document::from_value("new", new));
        for semantics in [Semantics::Plain, Semantics::Contract] {
            let sides = |document, part| prepared(document, part, semantics);
            let (Some(old_writer), Some(new_writer), Some(old_reader), Some(new_reader)) = (
                sides(&old, Part::Writer),
                sides(&new, Part::Writer),
                sides(&old, Part::Reader),
                sides(&new, Part::Reader),
            ) else {
                counts.refused += 1;
                continue;
            };
            let Ok(comparison) = compare(&old, &new, &Options::new(semantics)) else {
                counts.refused += 1;
                continue;
            };
            check(&comparison.backward, &old_writer, &new_reader, seed, counts)?;
            check(&comparison.forward, &new_writer, &old_reader, seed, counts)?;
        }
        Ok(())
    });
    say(&format!("{counts:?}"));
    outcome.unwrap();
    counts
}

#[test]
fn no_event_refutes_a_compatible_verdict() {
    let counts = hold_verdicts_of(|dice| {
        let old = schemas::document(dice);
        let new = if dice.one_in(5) { schemas::document(dice) } else { schemas::changed(dice, &old) };
        [old, new]
    });
    assert!(counts.compatible > 100 && counts.proved > 100, "{counts:?}");
}

/// What fits one closed branch may fit several open ones.
#[test]
fn no_event_refutes_a_compatible_verdict_about_unions() {
    let counts = hold_verdicts_of(|dice| {
        let old = schemas::union(dice);
        let new = if dice.one_in(4) { schemas::union(dice) } else { schemas::changed(dice, &old) };
        [old, new]
    });
    assert!(counts.compatible > 100 && counts.proved > 100, "{counts:?}");
}

/// Branches that may hold together decide what a closed schema takes, however many members it may have.
#[test]
fn no_event_refutes_a_compatible_verdict_about_branches() {
    let counts = hold_verdicts_of(|dice| {
        let old = schemas::branches(dice);
        let new = schemas::branches_changed(dice, &old);
        [old, new]
    });
    assert!(counts.compatible > 100 && counts.proved > 100, "{counts:?}");
}

/// What writer and reader make of one contract differs in what is closed, and never so that an event is lost.
#[test]
fn every_contract_reads_itself() {
    let mut looked_at = [(0, 0); 3];
    let counted = std::cell::RefCell::new(&mut looked_at);
    let outcome = runner().run(&any::<u64>(), |seed| {
        let dice = &mut Dice::new(seed);
        let documents =
            [schemas::without_names(schemas::document(dice)), schemas::branches(dice), schemas::union(dice)];
        for (at, document) in documents.into_iter().enumerate() {
            prop_assert!(reads_itself(&document), "{document}");
            let document = Document::from_value("schema", document);
            let Ok(found) = compare(&document, &document, &Options::default()) else { continue };
            let findings: Vec<_> = found.backward.findings.iter().chain(&found.forward.findings).collect();
            prop_assert!(findings.is_empty(), "{} {findings:?}", document.value());
            // What is looked into is not always proved; no event may show a break.
            let judge = Judge::read(&document, (&document, Part::Reader), Semantics::Contract, true).unwrap();
            let judged = judge.judge(&Options::default()).unwrap().verdict;
            let witness = judged.findings.iter().find_map(|finding| finding.witness.as_ref());
            prop_assert!(witness.is_none(), "{} {witness:?}", document.value());
            counted.borrow_mut()[at].0 += usize::from(judged.compatible);
            counted.borrow_mut()[at].1 += 1;
            let sides =
                [Part::Writer, Part::Reader].map(|part| prepared(&document, part, Semantics::Contract));
            if let [Some(writer), Some(reader)] = &sides {
                check(&Verdict::holds(), writer, reader, seed, &mut Counts::default())?;
            }
        }
        Ok(())
    });
    say(&format!("{looked_at:?}"));
    outcome.unwrap();
    assert!(looked_at.iter().all(|(proved, all)| *all > 300 && *proved > 250), "{looked_at:?}");
}

/// The graph reads schemas as the validator does.
#[test]
fn the_graph_and_the_validator_agree() {
    let outcome = runner().run(&any::<u64>(), |seed| {
        let mut dice = Dice::new(seed);
        let document = Document::from_value("schema", schemas::document(&mut dice));
        let Some((prepared, validator)) = prepared(&document, Part::Writer, Semantics::Plain) else {
            return Ok(());
        };
        let mut graph = Graph::default();
        let Ok(root) = graph.read(&prepared.schema, prepared.asserted) else { return Ok(()) };
        let Ok([root, _]) = graph.settle([root, root]) else { return Ok(()) };
        let mut sampler = Sampler::new(&graph, seed);
        for _ in 0..EVENTS {
            let event = sampler.value(root);
            prop_assert_eq!(
                graph.accepts(root, &event),
                validator.is_valid(&event),
                "{} {}",
                document.value(),
                event
            );
        }
        Ok(())
    });
    outcome.unwrap();
}
