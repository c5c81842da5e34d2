//! What the warehouse says, and what it reads of others.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The goods left the warehouse.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.dispatched", version = "1.0", topic = "orders", key = "order_id")]
pub struct OrderDispatched {
    /// The order.
    pub order_id: String,
    /// Its invoice.
    pub invoice: String,
    /// The customer; none for a guest.
    pub customer_id: Option<u32>,
    /// The country to send to.
    pub country: String,
    /// How many pieces are in the box.
    #[schemars(range(min = 1))]
    pub pieces: u64,
    /// The products in the box.
    #[schemars(length(min = 1))]
    pub stock_codes: Vec<String>,
}

/// The shelf is empty: the order cannot be sent.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.out-of-stock", version = "1.0", topic = "orders", key = "order_id")]
pub struct OrderOutOfStock {
    /// The order.
    pub order_id: String,
    /// Its invoice.
    pub invoice: String,
    /// The transaction it was paid by.
    pub transaction_id: String,
    /// What was paid, in pence.
    #[schemars(range(min = 0))]
    pub paid_pence: i64,
}

/// A return arrived.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "return.received", version = "1.0", topic = "returns", key = "return_id")]
pub struct ReturnReceived {
    /// The return.
    pub return_id: String,
    /// Its invoice.
    pub invoice: String,
    /// What the customer gets back, in pence.
    #[schemars(range(min = 0))]
    pub total_pence: i64,
}

/// The stock of a product changed by an order or a return.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "stock.changed", version = "1.0", topic = "stock", key = "stock_code")]
pub struct StockChanged {
    /// The product.
    pub stock_code: String,
    /// By how many: negative for goods that went out.
    pub change: i64,
}

/// A supplier delivered a product.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(
    type = "stock.delivered",
    version = "1.0",
    topic = "stock",
    key = "stock_code",
    starts = "supply",
    external,
    terminal
)]
pub struct StockDelivered {
    /// The product.
    pub stock_code: String,
    /// How many.
    #[schemars(range(min = 1))]
    pub quantity: u32,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.created", major = 1, topic = "orders")]
pub(super) struct OrderCreated {
    pub(super) order_id: String,
    pub(super) invoice: String,
    pub(super) transaction_id: String,
    pub(super) paid_pence: i64,
    pub(super) customer_id: Option<u32>,
    pub(super) country: String,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "return.announced", major = 1, topic = "returns")]
pub(super) struct ReturnAnnounced {
    pub(super) return_id: String,
    pub(super) invoice: String,
    pub(super) total_pence: i64,
    pub(super) lines: Vec<Line>,
}

/// A product that goes out or comes back.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Line {
    pub(super) stock_code: String,
    pub(super) quantity: u32,
}
