//! To the door.

use choreograph::{In, Service, step};

use super::events::{OrderDelivered, OrderShipped};
use crate::world;

/// The service.
pub fn service() -> Service {
    Service::new("carrier", ()).owner("Logistics").version("1.2.4").step(step("deliver", deliver))
}

async fn deliver(parcel: In<OrderShipped>) -> OrderDelivered {
    world::takes_its_time().await;
    let OrderShipped { order_id, invoice, parcel_id } = parcel.into_inner();
    OrderDelivered { order_id, invoice, parcel_id }
}
