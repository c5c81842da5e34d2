//! What the catalogue reads of the warehouse.

use choreograph::Event;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "stock.delivered", major = 1, topic = "stock")]
pub(super) struct StockDelivered {
    pub(super) stock_code: String,
    pub(super) quantity: u32,
}

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "stock.changed", major = 1, topic = "stock")]
pub(super) struct StockChanged {
    pub(super) stock_code: String,
    pub(super) change: i64,
}
