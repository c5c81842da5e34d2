//! Waiting for a condition.

use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until `probe` gives `Ok`, and returns what it gave.
///
/// `Err` carries what was seen instead; the last of it is told when the time is over.
///
/// # Panics
///
/// When `within` is over, with `what` and the state last seen.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// let mut looks = 0;
/// let seen = choreograph_tests::eventually("three looks", Duration::from_secs(5), || {
///     looks += 1;
///     if looks == 3 { Ok(looks) } else { Err(format!("{looks} looks")) }
/// });
/// assert_eq!(seen, 3);
/// ```
#[track_caller]
pub fn eventually<T, S: Display>(what: &str, within: Duration, mut probe: impl FnMut() -> Result<T, S>) -> T {
    let end = Instant::now() + within;
    loop {
        let state = match probe() {
            Ok(value) => return value,
            Err(state) => state,
        };
        assert!(Instant::now() < end, "not within {within:?}: {what}; last seen: {state}");
        thread::sleep(LOOK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "not within 1ms: the impossible; last seen: nothing")]
    fn tells_what_it_saw_last() {
        eventually("the impossible", Duration::from_millis(1), || Err::<(), _>("nothing"));
    }
}
