//! Orders: makes a temporary order a real one once it is paid, and cancels it otherwise.

mod events;
mod settle;

pub use self::events::{CancelReason, OrderCancelled, OrderCreated};
pub use self::settle::service;
