//! The process's clock: the only place that reads the time.

use std::time::{Duration, Instant};

/// A clock that can be waited by, so that a test need not wait.
pub(crate) trait Clock {
    /// The monotonic time.
    fn now(&self) -> Instant;

    /// Waits for so long.
    fn sleep(&self, time: Duration);
}

/// The process's.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Process;

impl Clock for Process {
    fn now(&self) -> Instant {
        instant()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The monotonic clock, for deadlines.
pub(crate) fn instant() -> Instant {
    Instant::now()
}
