//! A plain type is no event.

use choreograph::{In, Service, step};

struct Order;

async fn charge(_: In<Order>) {}

fn main() {
    let _ = Service::new("payment", ()).step(step("charge", charge));
}
