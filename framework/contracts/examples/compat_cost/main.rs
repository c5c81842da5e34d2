//! What a comparison costs: ordinary pairs, and the awkward ones that must end too, each with its time and the most
//! memory that its process had.
//!
//! ```text
//! cargo run --release -p choreograph-contracts --example compat_cost
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a benchmark reads the clock, starts itself again and prints"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use choreograph_contracts::compat::{Document, Options, Proof, Semantics, Verdict, compare};
use serde_json::{Map, Value, json};

mod large;
#[path = "../../src/compat/tests/made.rs"]
mod made;

use large::{LARGE, large};
use made::{SMALL, Told, small};

/// How often an ordinary pair is compared.
const ROUNDS: u32 = 200;

/// An event of 20 fields, two of them objects, one a list and one a union.
fn ordinary(version: usize) -> Value {
    let mut properties = Map::new();
    for index in 0..16 + version {
        let field = match index % 4 {
            0 => json!({ "type": "string", "format": "uuid" }),
            1 => {
                json!({ "type": "integer", "format": "uint64", "minimum": 0, "description": format!("v{version}") })
            }
            2 => json!({ "type": ["string", "null"], "maxLength": 80 }),
            _ => json!({ "$ref": "#/$defs/Money" }),
        };
        properties.insert(format!("field_{index}"), field);
    }
    properties.insert("lines".to_owned(), json!({ "type": "array", "items": { "$ref": "#/$defs/Line" } }));
    properties.insert("way".to_owned(), json!({ "oneOf": [
        { "type": "object", "properties": { "kind": { "const": "card" }, "number": { "type": "string" } }, "required": ["kind", "number"] },
        { "type": "object", "properties": { "kind": { "const": "cash" } }, "required": ["kind"] },
    ] }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": ["field_0", "lines", "way"],
        "$defs": {
            "Money": { "type": "object", "properties": { "amount": { "type": "integer" }, "currency": { "enum": ["EUR", "USD"] } }, "required": ["amount", "currency"] },
            "Line": { "type": "object", "properties": { "sku": { "type": "string" }, "price": { "$ref": "#/$defs/Money" } }, "required": ["sku"] },
        },
    })
}

/// Ordinary pairs: documents that were never compared, and documents that were.
fn ordinary_pairs() {
    for semantics in [Semantics::Contract, Semantics::Plain] {
        for (again, what) in [(false, "the first time"), (true, "again")] {
            let (mut total, mut pairs) = (Duration::ZERO, 0);
            let made = || (0..5).map(|version| Document::from_value("order.placed", ordinary(version)));
            let mut versions: Vec<Document> = made().collect();
            for _ in 0..ROUNDS {
                for pair in versions.windows(2) {
                    let start = Instant::now();
                    let found = compare(&pair[0], &pair[1], &Options::new(semantics));
                    total += start.elapsed();
                    pairs += 1;
                    let holds = semantics == Semantics::Contract;
                    assert!(found.is_ok_and(|found| found.backward.compatible == holds));
                }
                if !again {
                    versions = made().collect();
                }
            }
            println!("{semantics:?}, {what}: {:?} an ordinary pair, both directions", total / pairs);
        }
    }
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

/// One awkward pair, in a process of its own.
fn one(index: usize) {
    let pair = if index < SMALL { small(index) } else { large(index - SMALL) };
    let texts = [&pair.old, &pair.new].map(|schema| serde_json::to_vec(schema).unwrap_or_default());
    let (name, contract, expected) = (pair.name, pair.contract, [pair.backward, pair.forward]);
    drop((pair.old, pair.new));
    let before = memory("VmRSS");
    let start = Instant::now();
    let documents = [Document::parse("old", &texts[0]), Document::parse("new", &texts[1])];
    let semantics = if contract { Semantics::Contract } else { Semantics::Plain };
    let found = match &documents {
        [Ok(old), Ok(new)] => compare(old, new, &Options::new(semantics)).map_err(|error| error.to_string()),
        _ => Err("not read".to_owned()),
    };
    let took = start.elapsed();
    let told = match found {
        Ok(found) => {
            let got = [told(&found.backward), told(&found.forward)];
            let right = if got == expected { "" } else { "  NOT AS EXPECTED" };
            format!(
                "{:?}, {:?}, steps {} and {}{right}",
                got[0], got[1], found.backward.steps, found.forward.steps
            )
        }
        Err(error) => format!("refused: {}", error.chars().take(160).collect::<String>()),
    };
    let bytes = texts[0].len() as f64 / 1e6;
    println!(
        "{name:<44} {bytes:>5.1} MB {:>7.3} s {:>5} MB  {told}",
        took.as_secs_f64(),
        memory("VmHWM").saturating_sub(before) / 1024
    );
}

/// A line of what the kernel says of this process's memory, in KiB; 0 where it says none.
fn memory(line: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = text.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(':'));
    found.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    if let Some(index) = arguments.next().and_then(|index| index.parse().ok()) {
        one(index);
        return;
    }
    ordinary_pairs();
    let Ok(this) = std::env::current_exe() else { return };
    for index in 0..SMALL + LARGE {
        let ended = Command::new(&this).arg(index.to_string()).status();
        if !ended.as_ref().is_ok_and(std::process::ExitStatus::success) {
            println!("{index}: {ended:?}");
        }
    }
}
