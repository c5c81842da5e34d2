//! The catalogue: how many of each product there are, live on the site.
//!
//! Quantities are folded from the stock's log, always from its start: every instance reads all of it under a group of its own
//! and forgets everything when it ends.

mod events;
mod main;
mod page;
mod shelf;
mod show;

pub use self::main::main;
pub use self::page::serve;
pub use self::shelf::{MAX_PRODUCTS, Quantity, RECENT_EVENTS, Shelf};
pub use self::show::service;
