//! A plain struct is nothing that can be emitted.
use choreograph::{Event, In, Service, StepError, step};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}
struct Receipt;

async fn charge(_: In<OrderPlaced>) -> Result<Option<Receipt>, StepError> {
    Ok(Some(Receipt))
}

fn main() {
    let _ = Service::new("payment", ()).step(step("charge", charge));
}
