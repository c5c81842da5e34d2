//! `choreograph registry`, against a registry in memory and against answers as Confluent's project documents them. None of them is a
//! recording; a real server is asked by `tests/third-party/run registry`.

mod confluent;
mod cut_off;
mod encrypted;
mod faults;
pub(crate) mod memory;
pub(crate) mod server;
mod twice;
mod work;
