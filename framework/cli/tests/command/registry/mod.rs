//! `choreograph registry`, against recorded answers.

mod cut_off;
mod encrypted;
mod faults;
pub(crate) mod memory;
pub(crate) mod server;
mod twice;
mod work;
