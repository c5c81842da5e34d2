//! A step asks for state that its service does not have.
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

#[derive(Clone)]
struct Shop;

async fn charge(_: In<OrderPlaced>, State(_gateway): State<Gateway>) {}

fn main() {
    let _ = Service::new("payment", Shop).step(step("charge", charge));
}
