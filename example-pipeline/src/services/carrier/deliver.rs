//! To the door.

use choreograph::{In, Service, step};

use super::events::{OrderDelivered, OrderShipped};

/// The service.
pub fn service() -> Service {
    Service::new("carrier", ()).owner("Logistics").step(step("deliver", deliver))
}

async fn deliver(parcel: In<OrderShipped>) -> OrderDelivered {
    let OrderShipped { order_id, invoice, parcel_id } = parcel.into_inner();
    OrderDelivered { order_id, invoice, parcel_id }
}
