//! `choreograph registry`, against recorded answers.

mod faults;
mod memory;
mod server;
mod work;
