//! Events spoilt in a million ways, from a fixed seed: what the pass takes, the slow way takes.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::events as e;
use super::tree::{Dice, Tree, parts, spoil};
use super::{Outcome, compile, read_both, write_both};
use crate::{ContractId, Tape, views};

/// Instances of each of the types, unless the environment variable `CONTRACT_FUZZ_INSTANCES` says otherwise.
const INSTANCES: usize = 20_000;

/// Changes to one instance, at most.
const MAX_CHANGES: usize = 4;

/// What all types know between them.
struct Parts {
    names: Vec<String>,
    holders: Vec<Tree>,
}

struct Fuzzed {
    name: &'static str,
    run: fn(&'static str, &[&str], &Parts, usize) -> Counts,
    instances: &'static [&'static str],
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    passed: usize,
    slow: usize,
    refused: usize,
    written: usize,
    written_slow: usize,
}

fn fuzz<T: Serialize + DeserializeOwned + JsonSchema + Debug>(
    name: &'static str,
    instances: &[&str],
    parts: &Parts,
    count: usize,
) -> Counts {
    let reader = compile(&views::reader_schema::<T>());
    let id = ContractId::new("fuzz", 1, 0).expect("a name");
    let writer = compile(&views::writer_schema::<T>(id));
    let seeds: Vec<Tree> = instances.iter().map(|instance| Tree::parse(instance)).collect();
    let mut dice = Dice::new(name.bytes().map(u64::from).sum());
    let mut tape = Tape::new();
    let mut counts = Counts::default();
    for instance in instances {
        let outcome = read_both::<T>(&reader, &mut tape, instance.as_bytes());
        assert_ne!(outcome, Outcome::Refused, "{name}: {instance}");
    }
    for _ in 0..count {
        let mut tree = dice.pick(&seeds).clone();
        for _ in 0..dice.below(MAX_CHANGES + 1) {
            spoil(&mut tree, &mut dice, &parts.names, &parts.holders);
        }
        let mut bytes = tree.to_string().into_bytes();
        if dice.below(16) == 0 {
            let at = dice.below(bytes.len());
            bytes[at] = dice.below(256) as u8;
        }
        let contract = if dice.below(4) == 0 { &writer } else { &reader };
        match read_both::<T>(contract, &mut tape, &bytes) {
            Outcome::Passed => counts.passed += 1,
            Outcome::Slow => counts.slow += 1,
            Outcome::Refused => counts.refused += 1,
        }
        // What the type reads it may write, whether or not it keeps the contract.
        if let Ok(value) = serde_json::from_slice::<T>(&bytes) {
            match write_both(&writer, &mut tape, &value) {
                Outcome::Passed => counts.written += 1,
                Outcome::Slow => counts.written_slow += 1,
                Outcome::Refused => {}
            }
        }
    }
    tell!("{name}: {counts:?}, buffered: reader {:?}, writer {:?}", reader.buffered(), writer.buffered());
    counts
}

const TYPES: [Fuzzed; 15] = [
    Fuzzed { name: "order", run: fuzz::<e::OrderPlaced>, instances: e::ORDERS },
    Fuzzed { name: "payment", run: fuzz::<e::Payment>, instances: e::PAYMENTS },
    Fuzzed { name: "parcel", run: fuzz::<e::Parcel>, instances: e::PARCELS },
    Fuzzed { name: "adjacent", run: fuzz::<e::Adjacent>, instances: e::ADJACENTS },
    Fuzzed { name: "untagged", run: fuzz::<e::Untagged>, instances: e::UNTAGGED },
    Fuzzed { name: "flattened", run: fuzz::<e::Flattened>, instances: e::FLATTENED },
    Fuzzed { name: "addressed", run: fuzz::<e::Addressed>, instances: e::ADDRESSED },
    Fuzzed { name: "rest", run: fuzz::<e::Rest>, instances: e::RESTS },
    Fuzzed { name: "tree", run: fuzz::<e::Tree>, instances: e::TREES },
    Fuzzed { name: "maps", run: fuzz::<e::Maps>, instances: e::MAPS },
    Fuzzed { name: "names", run: fuzz::<e::Names>, instances: e::NAMES },
    Fuzzed { name: "numbers", run: fuzz::<e::Numbers>, instances: e::NUMBERS },
    Fuzzed { name: "strict", run: fuzz::<e::Strict>, instances: e::STRICTS },
    Fuzzed { name: "loose", run: fuzz::<e::Loose>, instances: e::LOOSES },
    Fuzzed { name: "view", run: fuzz::<e::View>, instances: e::VIEWS },
];

#[test]
fn spoilt_events_are_never_falsely_taken() {
    let count = std::env::var("CONTRACT_FUZZ_INSTANCES").ok().and_then(|count| count.parse().ok());
    let count = count.unwrap_or(INSTANCES);
    let mut known = Parts { names: Vec::new(), holders: Vec::new() };
    for instance in TYPES.iter().flat_map(|it| it.instances) {
        parts(&Tree::parse(instance), &mut known.names, &mut known.holders);
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut all = Counts::default();
        while let Some(it) = TYPES.get(next.fetch_add(1, Ordering::Relaxed)) {
            let counts = (it.run)(it.name, it.instances, &known, count);
            assert!(counts.passed + counts.slow > count / 50, "{}: {counts:?}", it.name);
            all.passed += counts.passed;
            all.slow += counts.slow;
            all.refused += counts.refused;
            all.written += counts.written;
            all.written_slow += counts.written_slow;
        }
        all
    };
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let one = work();
        (one, other.join().expect("no false accept"))
    });
    let (passed, slow) = (one.passed + two.passed, one.slow + two.slow);
    let (written, written_slow) = (one.written + two.written, one.written_slow + two.written_slow);
    let refused = one.refused + two.refused;
    tell!(
        "{} instances: 0 false accepts; {passed} passed, {slow} suspected though valid, {refused} refused",
        count * TYPES.len()
    );
    tell!("written: {written} passed, {written_slow} suspected though valid");
    assert!(passed > 10 * slow, "most valid events pass");
}
