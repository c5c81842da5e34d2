//! What shipping says, and what it reads of the warehouse.

use choreograph::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The parcel is on its way.
#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.shipped", version = "1.0", topic = "orders", key = "order_id")]
pub struct OrderShipped {
    /// The order.
    pub order_id: String,
    /// Its invoice.
    pub invoice: String,
    /// The parcel.
    pub parcel_id: String,
    /// The country it goes to.
    pub country: String,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.dispatched", major = 1, topic = "orders")]
pub(super) struct OrderDispatched {
    pub(super) order_id: String,
    pub(super) invoice: String,
    pub(super) country: String,
    pub(super) stock_codes: Vec<String>,
}
