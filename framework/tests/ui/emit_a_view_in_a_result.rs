//! A view inside what a step returns is told of itself, not of the whole.
use choreograph::{Event, In, Service, StepError, step};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}
async fn forward(order: In<OrderPlaced>) -> Result<Vec<OrderPlaced>, StepError> {
    Ok(vec![order.into_inner()])
}

fn main() {
    let _ = Service::new("payment", ()).step(step("forward", forward));
}
