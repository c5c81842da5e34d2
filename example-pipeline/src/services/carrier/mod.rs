//! The carrier: brings parcels to the door.

mod deliver;
mod events;

pub use self::deliver::service;
pub use self::events::OrderDelivered;
