//! Only an event that says which workflow it starts can start one.
use choreograph::{Event, In, Service, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
}

async fn charge(_: In<OrderPlaced>) {}

fn main() {
    let _ = Service::new("payment", ()).step(step("charge", charge).starts::<PaymentConfirmed>());
}
