//! The only place that reads the time.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::fact::Millis;

/// Where the clock starts: the machine's time and the instant of the first reading.
static ANCHOR: LazyLock<(Duration, Instant)> = LazyLock::new(|| (wall(), Instant::now()));

/// Now, in milliseconds since the Unix epoch, on a clock that never goes back and never jumps when somebody sets the
/// machine's: its time when it was first asked for, and what has passed since. So nothing ages that only the clock made
/// older.
pub(crate) fn now() -> Millis {
    let (began, instant_then) = *ANCHOR;
    let passed = Instant::now().saturating_duration_since(instant_then);
    u64::try_from((began + passed).as_millis()).unwrap_or(u64::MAX)
}

/// Since the Unix epoch as the machine's clock says; zero on one that stands before it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{now, wall};

    #[test]
    fn it_starts_at_the_machines_time_and_never_goes_back() {
        let before = u64::try_from(wall().as_millis()).unwrap();
        let first = now();
        let second = now();
        assert!(second >= first && first >= before.saturating_sub(60_000), "{before} {first} {second}");
    }
}
