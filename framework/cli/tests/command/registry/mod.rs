//! `choreograph registry`, against recorded answers.

mod faults;
mod memory;
pub(crate) mod server;
mod work;
