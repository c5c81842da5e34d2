//! What payment says, and what it reads of others.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The money is there. Carries the order, for whoever goes on with it.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
pub struct PaymentConfirmed {
    /// The order paid.
    pub order_id: String,
    /// Its invoice.
    pub invoice: String,
    /// The transaction.
    pub transaction_id: String,
    /// What was paid, in pence.
    #[schemars(range(min = 0))]
    pub amount_pence: i64,
    /// The customer; none for a guest.
    pub customer_id: Option<u32>,
    /// The country to send to.
    pub country: String,
    /// The products paid.
    #[schemars(length(min = 1))]
    pub lines: Vec<PaidLine>,
}

/// A product paid.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PaidLine {
    /// The product's stock code.
    pub stock_code: String,
    /// How many.
    #[schemars(range(min = 1))]
    pub quantity: u32,
}

/// The customer's bank refused.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.declined", version = "1.0", topic = "payments", key = "order_id")]
pub struct PaymentDeclined {
    /// The order not paid.
    pub order_id: String,
    /// Its invoice.
    pub invoice: String,
    /// The transaction.
    pub transaction_id: String,
    /// What was asked for, in pence.
    #[schemars(range(min = 0))]
    pub amount_pence: i64,
}

/// The money of an order went back.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.refunded", version = "1.0", topic = "payments", key = "order_id")]
pub struct PaymentRefunded {
    /// The order refunded.
    pub order_id: String,
    /// Its invoice.
    pub invoice: String,
    /// The transaction.
    pub transaction_id: String,
    /// What went back, in pence.
    #[schemars(range(min = 0))]
    pub amount_pence: i64,
}

/// The money of a return went back.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "return.refunded", version = "1.0", topic = "returns", key = "return_id", terminal)]
pub struct ReturnRefunded {
    /// The return.
    pub return_id: String,
    /// Its invoice.
    pub invoice: String,
    /// What went back, in pence.
    #[schemars(range(min = 0))]
    pub amount_pence: i64,
}

/// Of a temporary order: what is to be paid, and what a paid order consists of.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.reserved", major = 1, topic = "orders")]
pub(super) struct OrderReserved {
    pub(super) order_id: String,
    pub(super) invoice: String,
    pub(super) transaction_id: String,
    pub(super) customer_id: Option<u32>,
    pub(super) country: String,
    pub(super) total_pence: i64,
    pub(super) lines: Vec<PaidLine>,
}

/// Of an order that cannot be sent: what to give back.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.out-of-stock", major = 1, topic = "orders")]
pub(super) struct OrderOutOfStock {
    pub(super) order_id: String,
    pub(super) invoice: String,
    pub(super) transaction_id: String,
    pub(super) paid_pence: i64,
}

/// Of a return that arrived: what to give back.
#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "return.received", major = 1, topic = "returns")]
pub(super) struct ReturnReceived {
    pub(super) return_id: String,
    pub(super) invoice: String,
    pub(super) total_pence: i64,
}
