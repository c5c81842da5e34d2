//! What a step fails with is a `StepError`.
use choreograph::{Event, In, Service, step};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}

async fn charge(_: In<OrderPlaced>) -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = Service::new("payment", ()).step(step("charge", charge));
}
