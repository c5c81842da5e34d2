//! The site: takes orders at its till, and holds a temporary order with a transaction until it is paid.

mod checkout;
mod events;
mod till;

pub use self::checkout::{service, transaction};
pub use self::events::{Charge, Line, OrderPlaced, OrderReserved, ReservedLine, ReturnAnnounced};
pub use self::till::{order, returned};
