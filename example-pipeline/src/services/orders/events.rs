//! What the order service says, and what it reads of payment.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The order is paid and stands.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.created", version = "1.0", topic = "orders", key = "order_id")]
pub struct OrderCreated {
    /// The order.
    pub order_id: String,
    /// Its invoice.
    pub invoice: String,
    /// The transaction it was paid by.
    pub transaction_id: String,
    /// What was paid, in pence.
    #[schemars(range(min = 0))]
    pub paid_pence: i64,
    /// The customer; none for a guest.
    pub customer_id: Option<u32>,
    /// The country to send to.
    pub country: String,
    /// The products to send.
    #[schemars(length(min = 1))]
    pub lines: Vec<OrderLine>,
}

/// A product to send.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct OrderLine {
    /// The product's stock code.
    pub stock_code: String,
    /// How many.
    #[schemars(range(min = 1))]
    pub quantity: u32,
}

/// The order will not be sent.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.cancelled", version = "1.0", topic = "orders", key = "order_id", terminal)]
pub struct OrderCancelled {
    /// The order.
    pub order_id: String,
    /// Its invoice.
    pub invoice: String,
    /// Why.
    pub reason: CancelReason,
}

/// Why an order is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The customer's bank refused.
    PaymentDeclined,
    /// The shelf was empty; the money went back.
    OutOfStock,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.confirmed", major = 1, topic = "payments")]
pub(super) struct PaymentConfirmed {
    pub(super) order_id: String,
    pub(super) invoice: String,
    pub(super) transaction_id: String,
    pub(super) amount_pence: i64,
    pub(super) customer_id: Option<u32>,
    pub(super) country: String,
    pub(super) lines: Vec<OrderLine>,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.declined", major = 1, topic = "payments")]
pub(super) struct PaymentDeclined {
    pub(super) order_id: String,
    pub(super) invoice: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "payment.refunded", major = 1, topic = "payments")]
pub(super) struct PaymentRefunded {
    pub(super) order_id: String,
    pub(super) invoice: String,
}
