//! The service that the input is bad for.

use std::collections::BTreeMap;

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
    note: String,
    /// Prices of articles by their names, which somebody outside chooses.
    #[serde(default)]
    articles: BTreeMap<String, u64>,
    /// How long the receipt shall be.
    #[serde(default)]
    receipt_bytes: usize,
}

/// An order was paid.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
    cents: u64,
    note: String,
    receipt: String,
}

async fn charge(order: In<OrderPlaced>) -> Result<PaymentConfirmed, StepError> {
    let order = order.into_inner();
    Ok(PaymentConfirmed {
        cents: order.cents + order.articles.values().sum::<u64>(),
        order_id: order.order_id,
        note: order.note,
        receipt: "x".repeat(order.receipt_bytes),
    })
}

fn service() -> Service {
    Service::new("payment", ()).step(step("charge", charge))
}

/// It on the stage.
pub(crate) const CAST: Cast =
    Cast { name: "payment", main: || service().main_from(no_arguments()), check: || service().check() };
