//! An upcaster leads raw JSON to raw JSON, or says why not.

use choreograph::{Event, upcast::Value};

fn plain(value: Value) -> Value {
    value
}

#[derive(Event, serde::Deserialize, schemars::JsonSchema)]
#[event(view, type = "order.placed", major = 2, topic = "orders", upcast(1 = plain))]
struct OrderPlaced {}

fn main() {}
