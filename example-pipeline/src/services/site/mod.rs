//! The site: takes orders at its till, and holds a temporary order with a transaction until it is paid.

mod checkout;
mod events;

pub use self::checkout::{service, transaction};
pub use self::events::{Charge, Line, OrderPlaced, OrderReserved, ReservedLine, ReturnAnnounced};
