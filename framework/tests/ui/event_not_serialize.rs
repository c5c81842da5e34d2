//! An event of one's own is written as JSON.

use choreograph::Event;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Event, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id")]
struct OrderPlaced {
    order_id: String,
}

fn main() {}
