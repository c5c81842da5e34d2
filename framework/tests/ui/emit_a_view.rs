//! A view is somebody else's event: only its owner emits it.
use choreograph::{Event, In, Service, step};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}

async fn forward(order: In<OrderPlaced>) -> OrderPlaced {
    order.into_inner()
}

fn main() {
    let _ = Service::new("payment", ()).step(step("forward", forward));
}
