//! The event is wrapped in `In`.
use choreograph::{Event, In, Service, step};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}

async fn charge(_: OrderPlaced) {}

fn main() {
    let _ = Service::new("payment", ()).step(step("charge", charge));
}
