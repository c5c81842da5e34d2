//! What a step tells: spans that hang together, metrics under bounded labels, log lines with the record's ids.

mod detail;
pub(crate) mod kept;
mod leaving;
mod metrics;
mod spans;
