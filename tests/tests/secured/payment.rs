//! The service that has to be let in.

use choreograph::{Event, In, Service, StepError, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stage::{Cast, no_arguments};

/// What it needs of an order.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
    cents: u64,
}

/// An order was paid.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id", terminal)]
struct PaymentConfirmed {
    order_id: String,
}

async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
    if order.cents == 0 {
        return Err(StepError::reject("nothing_to_pay", "the order's total is zero"));
    }
    Ok(PaymentConfirmed { order_id: order.into_inner().order_id })
}

pub(crate) fn service() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

/// It on the stage.
pub(crate) const CAST: Cast =
    Cast { name: "payment", main: || service().main_from(no_arguments()), check: || service().check() };
