//! A step consumes something.

use choreograph::{Service, step};

async fn tick() {}

fn main() {
    let _ = Service::new("payment", ()).step(step("tick", tick));
}
