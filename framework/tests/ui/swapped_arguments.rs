//! The event comes first.
use choreograph::{Event, In, Service, State, step};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}
#[derive(Clone)]
struct Gateway;

async fn charge(State(_gateway): State<Gateway>, _: In<OrderPlaced>) {}

fn main() {
    let _ = Service::new("payment", Gateway).step(step("charge", charge));
}
