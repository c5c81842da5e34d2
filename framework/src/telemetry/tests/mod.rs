//! What a step tells: spans that hang together, metrics under bounded labels, log lines with the record's ids.

pub(crate) mod kept;
mod metrics;
mod spans;
