//! Statistics: how the number of customers of each country changes.

mod count;
mod events;

pub use self::count::service;
pub use self::events::CountryCounted;
