//! The process's clock: the only place that reads the time.
//!
//! Two clocks, and they are not the same. Deadlines, back-offs and order follow [`millis`], which never goes
//! back and never jumps when somebody sets the machine's time. What is written into an event follows
//! [`wall`], which is whatever the machine believes now.

use std::ops::Add;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the steady clock starts: the wall time and the instant of its first reading.
static ANCHOR: LazyLock<Anchor> =
    LazyLock::new(|| Anchor { epoch: wall().since_epoch(), instant: instant() });

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

/// A moment as the machine's clock says it, to a nanosecond and until the year 2554. One word, as several are kept with each
/// record, and subtracted without a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wall(u64);

impl Wall {
    /// So many milliseconds since the Unix epoch.
    pub(crate) const fn at_ms(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }

    /// So long after the Unix epoch.
    fn after_epoch(since: Duration) -> Self {
        Self(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    /// The time since the Unix epoch.
    pub(crate) const fn since_epoch(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Milliseconds since the Unix epoch.
    pub(crate) const fn ms(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The moment so long ago, or the Unix epoch where that is later.
    pub(crate) fn before(self, ago: Duration) -> Self {
        Self(self.0.saturating_sub(Self::after_epoch(ago).0))
    }

    /// The time since `earlier`; zero where that lies later.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The same in seconds.
    pub(crate) fn seconds_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e9
    }
}

impl Add<Duration> for Wall {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(Self::after_epoch(later).0))
    }
}

impl From<Wall> for SystemTime {
    fn from(wall: Wall) -> Self {
        UNIX_EPOCH + wall.since_epoch()
    }
}

/// What the machine's clock says now; the Unix epoch if it stands before 1970. For what is written into events.
#[expect(clippy::disallowed_methods, reason = "this module is the clock")]
pub(crate) fn wall() -> Wall {
    Wall::after_epoch(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
}

/// The same in milliseconds, as records have their timestamps.
pub(crate) fn wall_ms() -> i64 {
    i64::try_from(wall().ms()).unwrap_or(i64::MAX)
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
        let before = wall().ms();
        let first = millis();
        let second = millis();
        assert!(first >= before.saturating_sub(60_000), "the anchor is the wall clock: {before} {first}");
        assert!(second >= first);
    }
}
