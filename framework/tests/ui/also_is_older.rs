//! The older major of a fact has its type and topic, and a lower version.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "2.3", topic = "orders", key = "id")]
struct PlacedV2 {
    id: String,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "2.4", topic = "orders", key = "id", also = PlacedV2)]
struct NotOlder {
    id: String,
}

impl From<&NotOlder> for PlacedV2 {
    fn from(it: &NotOlder) -> Self {
        Self { id: it.id.clone() }
    }
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.sent", version = "3.0", topic = "orders", key = "id", also = PlacedV2)]
struct AnotherType {
    id: String,
}

impl From<&AnotherType> for PlacedV2 {
    fn from(it: &AnotherType) -> Self {
        Self { id: it.id.clone() }
    }
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "3.0", topic = "new-orders", key = "id", also = PlacedV2)]
struct AnotherTopic {
    id: String,
}

impl From<&AnotherTopic> for PlacedV2 {
    fn from(it: &AnotherTopic) -> Self {
        Self { id: it.id.clone() }
    }
}

fn main() {}
