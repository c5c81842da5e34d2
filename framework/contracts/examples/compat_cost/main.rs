//! What a comparison costs: ordinary pairs, and the awkward ones that must end too, each with its time and the most
//! memory that its process had.
//!
//! ```text
//! cargo run --release -p choreograph-contracts --example compat_cost
//! ```
//!
//! With `-- --check` it fails where an awkward pair has another verdict than it should, or takes more memory than a comparison may.
//! Verdicts are given up by a count of steps, so that they are the same on every machine; seconds are printed and not held.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a benchmark reads the clock, starts itself again and prints"
)]

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use choreograph_contracts::compat::{Document, Options, Proof, Semantics, Verdict, compare};
use serde_json::{Map, Value, json};

mod large;
#[path = "../../src/compat/tests/made.rs"]
mod made;

use large::{LARGE, NAMES, large};
use made::{SMALL, Told, small};

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often an ordinary pair is compared.
const ROUNDS: u32 = 200;

/// The memory that one comparison may take, in MB.
const MAX_MEMORY: u64 = 500;

/// The same of small documents whose places have long names.
const MAX_MEMORY_OF_NAMES: u64 = 240;

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

/// One awkward pair, in a process of its own. Whether it went as it should.
fn one(index: usize) -> bool {
    let before = memory("VmRSS");
    let pair = if index < SMALL { small(index) } else { large(index - SMALL) };
    let texts = [&pair.old, &pair.new].map(|schema| serde_json::to_vec(schema).unwrap_or_default());
    let (name, contract, expected) = (pair.name, pair.contract, [pair.backward, pair.forward]);
    drop((pair.old, pair.new));
    forget_peak();
    let start = Instant::now();
    let documents = [Document::parse("old", &texts[0]), Document::parse("new", &texts[1])];
    let semantics = if contract { Semantics::Contract } else { Semantics::Plain };
    let found = match &documents {
        [Ok(old), Ok(new)] => compare(old, new, &Options::new(semantics)).map_err(|error| error.to_string()),
        _ => Err("not read".to_owned()),
    };
    let took = start.elapsed();
    let (is_right, told) = match found {
        Ok(found) => {
            let got = [told(&found.backward), told(&found.forward)];
            let steps = [found.backward.steps, found.forward.steps];
            (got == expected, format!("{:?}, {:?}, steps {} and {}", got[0], got[1], steps[0], steps[1]))
        }
        Err(error) => {
            let is_right =
                expected.iter().all(|told| matches!(told, Told::Refused(why) if error.contains(why)));
            (is_right, format!("refused: {}", error.chars().take(160).collect::<String>()))
        }
    };
    let bytes = texts[0].len() as f64 / 1e6;
    let taken = memory("VmHWM").saturating_sub(before) / 1024;
    let has_long_names = index.checked_sub(SMALL).is_some_and(|index| NAMES.contains(&index));
    let most = if has_long_names { MAX_MEMORY_OF_NAMES } else { MAX_MEMORY };
    let wrong = match (is_right, taken <= most) {
        (false, _) => "  NOT AS EXPECTED",
        (_, false) => "  TOO MUCH MEMORY",
        _ => "",
    };
    println!("{name:<44} {bytes:>5.1} MB {:>7.3} s {taken:>5} MB  {told}{wrong}", took.as_secs_f64());
    wrong.is_empty()
}

/// Lets `VmHWM` begin anew. What the allocator has kept until now counts for the comparison all the same.
fn forget_peak() {
    // Where the kernel refuses it, what is printed is only too much.
    let _refused = std::fs::write("/proc/self/clear_refs", "5");
}

/// A line of what the kernel says of this process's memory, in KiB; 0 where it says none.
fn memory(line: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = text.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(':'));
    found.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    if let Some(index) = argument.as_ref().and_then(|index| index.parse().ok()) {
        return ExitCode::from(u8::from(!one(index)));
    }
    let is_check = argument.is_some_and(|argument| argument == "--check");
    if !is_check {
        ordinary_pairs();
    }
    let Ok(this) = std::env::current_exe() else { return ExitCode::FAILURE };
    let mut wrong = 0;
    for index in 0..SMALL + LARGE {
        let ended = Command::new(&this).arg(index.to_string()).status();
        if !ended.as_ref().is_ok_and(std::process::ExitStatus::success) {
            println!("{index}: {ended:?}");
            wrong += 1;
        }
    }
    if is_check && wrong > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
