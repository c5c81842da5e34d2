//! The warehouse: sends goods out, takes them back, and says how that changes the stock.

mod dispatch;
mod events;
mod take_back;

use choreograph::{Service, step};

pub use self::events::{OrderDispatched, OrderOutOfStock, ReturnReceived, StockChanged, StockDelivered};

/// The service.
pub fn service() -> Service {
    Service::new("warehouse", ())
        .owner("Warehouse")
        .version("5.0.2")
        .publishes::<StockDelivered>()
        .step(step("dispatch", dispatch::dispatch))
        .step(step("take-back", take_back::take_back))
}
