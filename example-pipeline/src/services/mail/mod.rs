//! Mail: tells the customer everything that happens to an order, in the order in which it happens.

mod events;
mod tell;

pub use self::events::MailSent;
pub use self::tell::service;
