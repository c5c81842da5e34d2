//! The process's clock: the only place that reads the time.
//!
//! Two clocks, and they are not the same. Deadlines, back-offs and order follow [`millis`], which never goes
//! back and never jumps when somebody sets the machine's time. What is written into an event follows
//! [`wall`], which is whatever the machine believes now.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the steady clock starts: the wall time and the instant of its first reading.
static ANCHOR: LazyLock<Anchor> = LazyLock::new(|| Anchor { epoch: wall(), instant: instant() });

/// One moment on both clocks.
struct Anchor {
    /// Time since the Unix epoch at the first reading.
    epoch: Duration,
    /// The same moment on the monotonic clock.
    instant: Instant,
}

/// Milliseconds since the Unix epoch on a clock that never goes back: the wall time of the process's first
/// reading plus what has passed since. For deadlines and order.
pub(crate) fn millis() -> u64 {
    let anchor = &*ANCHOR;
    let passed = instant().saturating_duration_since(anchor.instant);
    u64::try_from((anchor.epoch + passed).as_millis()).unwrap_or(u64::MAX)
}

/// Time since the Unix epoch as the machine's clock says now; zero if it stands before 1970. For what is
/// written into events.
#[expect(clippy::disallowed_methods, reason = "this module is the clock")]
pub(crate) fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

/// The same in milliseconds, as records have their timestamps.
pub(crate) fn wall_ms() -> i64 {
    i64::try_from(wall().as_millis()).unwrap_or(i64::MAX)
}

/// The monotonic clock itself, for measuring how long something took.
#[expect(clippy::disallowed_methods, reason = "this module is the clock")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steady_clock_never_goes_back_and_starts_at_the_wall() {
        let before = u64::try_from(wall().as_millis()).unwrap();
        let first = millis();
        let second = millis();
        assert!(first >= before.saturating_sub(60_000), "the anchor is the wall clock: {before} {first}");
        assert!(second >= first);
    }
}
