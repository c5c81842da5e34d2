//! What a step holds over an await must be `Send`.
use choreograph::{Event, In, Service, step};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}

async fn charge(_: In<OrderPlaced>) {
    let counter = std::rc::Rc::new(1);
    std::future::ready(()).await;
    drop(counter);
}

fn main() {
    let _ = Service::new("payment", ()).step(step("charge", charge));
}
