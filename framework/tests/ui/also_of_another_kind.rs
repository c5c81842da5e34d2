//! What `also` names is the same fact in an older major, and can be made from the newer one.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "id")]
struct PlacedV1 {
    id: String,
}

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct View {}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "2.0", topic = "orders", key = "id", also = PlacedV1)]
struct NoFrom {
    id: String,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "2.0", topic = "orders", key = "id", also = View)]
struct AlsoAView {
    id: String,
}

fn main() {}
