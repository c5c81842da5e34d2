//! A step emits what its return type says, and nothing else.
use choreograph::{Emits, Event, In, Service, StepError, step};
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
#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.refunded", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentRefunded {
    order_id: String,
}

#[derive(Emits)]
enum Payment {
    Confirmed(PaymentConfirmed),
}

async fn charge(order: In<OrderPlaced>) -> Result<Payment, StepError> {
    Ok(PaymentRefunded { order_id: order.into_inner().order_id })
}

async fn charge_from(order: In<OrderPlaced>) -> Result<Payment, StepError> {
    Ok(Payment::from(PaymentRefunded { order_id: order.into_inner().order_id }))
}

fn main() {
    let _ = Service::new("payment", ()).step(step("charge", charge));
}
