//! A failed attempt as a test reads it.

use std::time::Duration;

/// An attempt that failed and is to be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retrying {
    /// The group of the step that failed, for example `payment.charge`.
    pub group: String,
    /// The topic, the partition and the offset of the record.
    pub record: (String, i32, i64),
    /// The number of the attempt to come, counted from 1.
    pub attempt: u32,
    /// When it may start, counted from the rehearsal's beginning.
    pub due: Duration,
}
