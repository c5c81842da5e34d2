//! Each alternative is an event of this service.
use choreograph::{Emits, Event};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}
#[derive(Emits)]
enum Payment {
    Placed(OrderPlaced),
    Named { order_id: String },
}

fn main() {}
