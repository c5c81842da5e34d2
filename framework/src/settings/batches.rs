//! How spans and metrics are gathered before they leave for a collector.

use std::time::Duration;

use super::source::Source;
use super::value::{milliseconds, number};

/// How spans are gathered, and how often metrics leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batches {
    /// How long spans wait for a batch to fill.
    pub delay: Duration,
    /// The most spans that wait; those beyond it are dropped and counted.
    pub queue: usize,
    /// The most spans of one batch.
    pub size: usize,
    /// How long metrics are gathered before they leave.
    pub interval: Duration,
}

/// The most spans that may be told to wait: half a gigabyte of them.
const MAX_QUEUE: u64 = 1_000_000;

impl Default for Batches {
    /// The standard's.
    fn default() -> Self {
        Self { delay: Duration::from_secs(5), queue: 2_048, size: 512, interval: Duration::from_mins(1) }
    }
}

impl Batches {
    /// Takes the variables out of `source`.
    pub(super) fn read(source: &mut Source) -> Self {
        let default = Self::default();
        let count = |text: &str| number(text, 1, MAX_QUEUE).map(|count| count as usize);
        let queue = source.parsed("OTEL_BSP_MAX_QUEUE_SIZE", count).unwrap_or(default.queue);
        let size = source.parsed("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", |text| match count(text) {
            Ok(size) if size <= queue => Ok(size),
            _ => Err(format!("legal: a whole number, 1 .. OTEL_BSP_MAX_QUEUE_SIZE, here {queue}")),
        });
        Self {
            delay: source.parsed("OTEL_BSP_SCHEDULE_DELAY", milliseconds).unwrap_or(default.delay),
            queue,
            size: size.unwrap_or(default.size.min(queue)),
            interval: source.parsed("OTEL_METRIC_EXPORT_INTERVAL", milliseconds).unwrap_or(default.interval),
        }
    }
}
