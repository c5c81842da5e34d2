//! Shipping: hands parcels to the carrier.

mod events;
mod ship;

pub use self::events::OrderShipped;
pub use self::ship::service;
