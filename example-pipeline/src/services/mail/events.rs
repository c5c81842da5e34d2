//! What mail says, and what it reads of an order's way: little of each event, but every event.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mail went to the customer.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "mail.sent", version = "1.0", topic = "mails", key = "order_id", outbound)]
pub struct MailSent {
    /// The order it is about.
    pub order_id: String,
    /// The type of the event it tells of.
    pub about: String,
    /// What it says.
    pub text: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
pub(super) struct OrderPlaced {
    pub(super) order_id: String,
    pub(super) total_pence: i64,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.reserved", major = 1, topic = "orders")]
pub(super) struct OrderReserved {
    pub(super) order_id: String,
    pub(super) transaction_id: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.created", major = 1, topic = "orders")]
pub(super) struct OrderCreated {
    pub(super) order_id: String,
    pub(super) paid_pence: i64,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.dispatched", major = 1, topic = "orders")]
pub(super) struct OrderDispatched {
    pub(super) order_id: String,
    pub(super) pieces: u64,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.out-of-stock", major = 1, topic = "orders")]
pub(super) struct OrderOutOfStock {
    pub(super) order_id: String,
    pub(super) paid_pence: i64,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.shipped", major = 1, topic = "orders")]
pub(super) struct OrderShipped {
    pub(super) order_id: String,
    pub(super) parcel_id: String,
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
    /// Any word: mail passes reasons on that it has never heard of.
    pub(super) reason: String,
}
