//! A parcel for the carrier.

use choreograph::{In, Retry, Service, StepError, step};

use super::events::{OrderDispatched, OrderShipped};
use crate::world;

/// How often the carrier is asked while its gateway is busy.
const ATTEMPTS: u32 = 5;

/// The service.
pub fn service() -> Service {
    Service::new("shipping", ())
        .owner("Logistics")
        .version("1.9.0")
        .step(step("ship", ship).retry(Retry::exponential(ATTEMPTS)))
}

async fn ship(order: In<OrderDispatched>) -> Result<OrderShipped, StepError> {
    world::takes_its_time().await;
    let attempt = order.metadata().attempt();
    let OrderDispatched { order_id, invoice, country, stock_codes } = order.into_inner();
    let parcel = world::Order::new(&invoice, stock_codes.iter().map(String::as_str));
    if !parcel.carrier_accepts(attempt) {
        return Err(StepError::retry("the carrier's gateway is busy"));
    }
    Ok(OrderShipped { parcel_id: format!("parcel-{order_id}"), order_id, invoice, country })
}
