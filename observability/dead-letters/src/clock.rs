//! The process's clock: the only place that reads the time.

use std::time::Instant;

/// The monotonic clock, for deadlines.
pub(crate) fn instant() -> Instant {
    Instant::now()
}
