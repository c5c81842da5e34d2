//! The customer desk: who the customers are and where they live. The start of a second system, distinct from the orders'.

mod desk;
mod events;

pub use self::desk::service;
pub use self::events::{CustomerAddressChanged, CustomerCreated, CustomerForm};
