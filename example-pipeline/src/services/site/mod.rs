//! The site: takes orders at its till, holds a temporary order with a transaction until it is paid, and shows customers how
//! far their orders have come.
//!
//! What the page shows is folded from the orders' log, always from its start: every instance reads all of it under a group of
//! its own and forgets everything when it ends.

mod checkout;
mod events;
mod follow;
mod main;
mod orders;
mod page;
mod till;

use choreograph::{Service, StartFrom, step};

pub use self::checkout::transaction;
pub use self::events::{Charge, Line, OrderPlaced, OrderReserved, ReservedLine, ReturnAnnounced};
pub use self::main::main;
pub use self::orders::{MAX_ORDERS, MAX_PRODUCTS, Order, Orders, Product, Stage};
pub use self::page::{Page, serve};
pub use self::till::{order, returned};

/// The service: its till publishes orders and returns; one step holds the orders, the other follows them for the page.
/// `instance` names this process: a fresh name reads the log from its start, which is what every start needs, for what the
/// page shows is kept in memory alone.
pub fn service(orders: Orders, instance: &str) -> Service<Orders> {
    let group = format!("site.follow-{instance}");
    Service::new("site", orders)
        .owner("Storefront")
        .version("7.4.0")
        .publishes::<OrderPlaced>()
        .publishes::<ReturnAnnounced>()
        .step(step("checkout", checkout::checkout))
        .step(step("follow", follow::follow).from(StartFrom::Earliest).group(group))
}
