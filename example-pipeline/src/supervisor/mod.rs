//! One command that runs a day of the shop: it feeds the orders and sees what becomes of them.

mod seen;
mod tally;

pub use self::seen::{Raw, Seen, What};
pub use self::tally::{MAX_ENDED, MAX_UNKNOWN, Started, Tally, mails};
