//! What a check costs: `cargo run --release -p choreograph-contracts --example check_cost`.
//!
//! One order of about 440 bytes in: typed parse alone, of bytes and of a text; parse and check in one pass, as a step does it;
//! typed parse and a check on the tape; the tape's parse alone; `serde_json::Value` and `jsonschema`, as one would write it
//! without this crate. Medians of interleaved rounds, in nanoseconds.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a measurement: it reads the clock and prints"
)]

use std::hint::black_box;
use std::time::Instant;

use choreograph_contracts::{Contract, Tape, views};
use schemars::JsonSchema;
use serde::Deserialize;

/// Rounds are many and short, so that a busy machine disturbs some of them and not the median.
const ROUNDS: usize = 2_001;
const EVENTS: u32 = 100;

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "parsed, never read")]
struct OrderPlaced {
    #[schemars(extend("format" = "uuid"))]
    order_id: String,
    invoice: String,
    customer: Customer,
    placed_at: String,
    currency: Currency,
    lines: Vec<Line>,
    total: String,
    note: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "parsed, never read")]
struct Customer {
    id: Option<u64>,
    #[schemars(length(min = 1, max = 100))]
    name: String,
    country: String,
}

#[derive(Deserialize, JsonSchema)]
enum Currency {
    #[serde(rename = "GBP")]
    Pound,
    #[serde(rename = "EUR")]
    Euro,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "parsed, never read")]
struct Line {
    sku: String,
    quantity: u32,
    unit_price: String,
}

const EVENT: &str = concat!(
    r#"{"order_id":"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10","invoice":"536365","#,
    r#""customer":{"id":17850,"name":"Ada Lovelace","country":"United Kingdom"},"#,
    r#""placed_at":"2010-12-01T08:26:00Z","currency":"GBP","lines":["#,
    r#"{"sku":"85123A","quantity":6,"unit_price":"2.55"},"#,
    r#"{"sku":"71053","quantity":6,"unit_price":"3.39"},"#,
    r#"{"sku":"84406B","quantity":8,"unit_price":"2.75"}],"#,
    r#""total":"57.64","note":"leave it with the neighbours at number 7 please"}"#
);

fn main() {
    let schema = views::reader_schema::<OrderPlaced>();
    let contract = Contract::compile(&schema).expect("a contract");
    let accept_all = Contract::compile(&serde_json::json!(true)).expect("a contract");
    let reference = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    let mut tape = Tape::new();
    let bytes = EVENT.as_bytes();
    let typed =
        || drop(black_box(serde_json::from_slice::<OrderPlaced>(black_box(bytes)).expect("an order")));

    let mut costs = [const { Vec::new() }; 7];
    for _ in 0..ROUNDS {
        costs[0].push(cost(&mut || typed()));
        costs[1].push(cost(&mut || {
            let text = std::str::from_utf8(black_box(bytes)).expect("a text");
            drop(black_box(serde_json::from_str::<OrderPlaced>(text).expect("an order")));
        }));
        costs[2].push(cost(&mut || {
            let read = contract.decode::<OrderPlaced>(&mut tape, black_box(bytes));
            drop(black_box(read.expect("a valid order")));
        }));
        costs[3].push(cost(&mut || {
            contract.check(&mut tape, black_box(bytes)).expect("valid");
            typed();
        }));
        costs[4].push(cost(&mut || accept_all.check(&mut tape, black_box(bytes)).expect("valid")));
        costs[5].push(cost(&mut || contract.check(&mut tape, black_box(bytes)).expect("valid")));
        costs[6].push(cost(&mut || {
            let value: serde_json::Value = serde_json::from_slice(black_box(bytes)).expect("JSON");
            assert!(reference.is_valid(&value));
            typed();
        }));
    }
    println!("{} bytes, {EVENTS} events a round, {ROUNDS} rounds", bytes.len());
    let names = [
        "typed parse",
        "typed parse of a text",
        "one pass: parse and check",
        "tape + check, then typed",
        "tape alone",
        "tape + check",
        "Value + jsonschema, then typed",
    ];
    for (name, mut cost) in names.into_iter().zip(costs) {
        cost.sort_unstable();
        println!("{name:<32} {:>6} ns", cost[ROUNDS / 2]);
    }
}

fn cost(run: &mut impl FnMut()) -> u128 {
    let start = Instant::now();
    for _ in 0..EVENTS {
        run();
    }
    start.elapsed().as_nanos() / u128::from(EVENTS)
}
