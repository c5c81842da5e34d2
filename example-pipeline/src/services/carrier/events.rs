//! What the carrier says, and what it reads of shipping.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The parcel is at the door.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.delivered", version = "1.0", topic = "orders", key = "order_id", terminal)]
pub struct OrderDelivered {
    /// The order.
    pub order_id: String,
    /// Its invoice.
    pub invoice: String,
    /// The parcel.
    pub parcel_id: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.shipped", major = 1, topic = "orders")]
pub(super) struct OrderShipped {
    pub(super) order_id: String,
    pub(super) invoice: String,
    pub(super) parcel_id: String,
}
