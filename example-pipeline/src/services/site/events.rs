//! What the site says.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A customer has ordered.
#[derive(Debug, Clone, Event, Serialize, Deserialize, JsonSchema)]
#[event(
    type = "order.placed",
    version = "1.0",
    topic = "orders",
    key = "order_id",
    subject = "invoice",
    starts = "order",
    external
)]
pub struct OrderPlaced {
    /// The order, new for each run of the shop.
    pub order_id: String,
    /// The invoice that it came from.
    #[schemars(regex(pattern = r"^[0-9]+$"))]
    pub invoice: String,
    /// The customer; none for a guest.
    pub customer_id: Option<u32>,
    /// The country to send to.
    pub country: String,
    /// When the customer ordered, RFC 3339.
    pub placed_at: String,
    /// What it comes to, charges included, in pence.
    #[schemars(range(min = 0))]
    pub total_pence: i64,
    /// The products.
    #[schemars(length(min = 1))]
    pub lines: Vec<Line>,
    /// Postage and other money that is no product.
    pub charges: Vec<Charge>,
}

/// A product of an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// The product's stock code.
    pub stock_code: String,
    /// Its description; may be empty.
    pub description: String,
    /// How many.
    #[schemars(range(min = 1))]
    pub quantity: u32,
    /// Price of one in pounds, an exact decimal.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub unit_price: String,
    /// Price of all in pence.
    #[schemars(range(min = 0))]
    pub pence: i64,
}

/// Money of an order that is no product.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Charge {
    /// What for, such as `POST`.
    pub code: String,
    /// The amount in pence.
    #[schemars(range(min = 0))]
    pub pence: i64,
}

/// A temporary order is held, under a transaction to be paid.
#[derive(Debug, Clone, PartialEq, Eq, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.reserved", version = "1.0", topic = "orders", key = "order_id")]
pub struct OrderReserved {
    /// The order.
    pub order_id: String,
    /// The invoice that it came from.
    pub invoice: String,
    /// The transaction that the payment goes by.
    pub transaction_id: String,
    /// The customer; none for a guest.
    pub customer_id: Option<u32>,
    /// The country to send to.
    pub country: String,
    /// What is to be paid, in pence.
    #[schemars(range(min = 0))]
    pub total_pence: i64,
    /// The products held.
    #[schemars(length(min = 1))]
    pub lines: Vec<ReservedLine>,
}

/// A product held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservedLine {
    /// The product's stock code.
    pub stock_code: String,
    /// How many.
    #[schemars(range(min = 1))]
    pub quantity: u32,
}

/// A customer sends something back.
#[derive(Debug, Clone, Event, Serialize, Deserialize, JsonSchema)]
#[event(
    type = "return.announced",
    version = "1.0",
    topic = "returns",
    key = "return_id",
    subject = "invoice",
    starts = "return",
    external
)]
pub struct ReturnAnnounced {
    /// The return, new for each run of the shop.
    pub return_id: String,
    /// The invoice of the return.
    #[schemars(regex(pattern = r"^C[0-9]+$"))]
    pub invoice: String,
    /// The customer; none for a guest.
    pub customer_id: Option<u32>,
    /// What the customer gets back, in pence.
    #[schemars(range(min = 0))]
    pub total_pence: i64,
    /// The products that come back; none if money alone is given back.
    pub lines: Vec<Line>,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.created", major = 1, topic = "orders")]
pub(super) struct OrderCreated {
    pub(super) order_id: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.dispatched", major = 1, topic = "orders")]
pub(super) struct OrderDispatched {
    pub(super) order_id: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.out-of-stock", major = 1, topic = "orders")]
pub(super) struct OrderOutOfStock {
    pub(super) order_id: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.shipped", major = 1, topic = "orders")]
pub(super) struct OrderShipped {
    pub(super) order_id: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.delivered", major = 1, topic = "orders")]
pub(super) struct OrderDelivered {
    pub(super) order_id: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.cancelled", major = 1, topic = "orders")]
pub(super) struct OrderCancelled {
    pub(super) order_id: String,
}
