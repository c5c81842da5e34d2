//! How often a failed record is tried, and how long between.

use std::time::Duration;

use crate::engine;

/// Attempts of a step that says nothing else.
const DEFAULT_ATTEMPTS: u32 = 5;

/// The longest wait before the second attempt, unless said otherwise.
const DEFAULT_FIRST: Duration = Duration::from_millis(100);

/// The longest wait between two attempts, unless said otherwise.
const DEFAULT_CAP: Duration = Duration::from_secs(10);

/// The most attempts that a step can ask for.
const MAX_ATTEMPTS: u32 = 1_000;

/// The longest cap that a step can ask for: a key waits no longer between two attempts.
const MAX_CAP: Duration = Duration::from_hours(1);

/// How a transient failure is tried again: waits that double from a first one up to a cap, with full jitter, that is
/// each wait is drawn between nothing and its bound. A record that waits blocks its own key, and no other.
///
/// The default is 5 attempts, 100 ms doubling, cap 10 s.
///
/// ```
/// use std::time::Duration;
/// use choreograph::Retry;
///
/// let retry = Retry::exponential(8).first(Duration::from_millis(50)).cap(Duration::from_secs(2));
/// # let _ = retry;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    first: Duration,
    cap: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self::exponential(DEFAULT_ATTEMPTS)
    }
}

impl Retry {
    /// So many attempts in all, 1 to 1,000, with waits that double.
    pub const fn exponential(attempts: u32) -> Self {
        Self { attempts, first: DEFAULT_FIRST, cap: DEFAULT_CAP }
    }

    /// One attempt: the first failure makes a dead letter.
    pub const fn none() -> Self {
        Self::exponential(1)
    }

    /// The bound of the first wait, 1 ms or more and at most the cap.
    #[must_use]
    pub const fn first(mut self, first: Duration) -> Self {
        self.first = first;
        self
    }

    /// The bound of every wait, at most an hour.
    #[must_use]
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Attempts in all.
    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The bound of the first wait.
    pub(crate) const fn first_wait(&self) -> Duration {
        self.first
    }

    /// The bound of every wait.
    pub(crate) const fn longest_wait(&self) -> Duration {
        self.cap
    }

    /// The bound of the wait after this many failed attempts, from 1: `first * 2^(failed - 1)`, at most the cap.
    pub(crate) fn wait_bound(&self, failed: u32) -> Duration {
        self.for_engine().longest(failed)
    }

    /// The same as the engine reads it.
    pub(crate) const fn for_engine(&self) -> engine::Retry {
        engine::Retry { attempts: self.attempts, first: self.first, cap: self.cap }
    }

    /// The longest that the waits of one record can take together.
    pub(crate) fn longest_waits(&self) -> Duration {
        (1..self.attempts)
            .map(|failed| self.wait_bound(failed))
            .fold(Duration::ZERO, Duration::saturating_add)
    }

    /// What is wrong with the values, in words.
    pub(crate) fn problem(&self) -> Option<String> {
        if !(1..=MAX_ATTEMPTS).contains(&self.attempts) {
            return Some(format!("{} attempts, but 1 to {MAX_ATTEMPTS} are legal", self.attempts));
        }
        if self.cap > MAX_CAP {
            return Some(format!("a cap of {:?}, but {MAX_CAP:?} is the most", self.cap));
        }
        if self.first < Duration::from_millis(1) || self.first > self.cap {
            return Some(format!(
                "a first wait of {:?}, but 1 ms up to the cap of {:?} is legal",
                self.first, self.cap
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let retry = Retry::exponential(20);
        let bounds: Vec<u128> = [1, 2, 3, 7, 8, 19].map(|n| retry.wait_bound(n).as_millis()).to_vec();
        assert_eq!(bounds, [100, 200, 400, 6_400, 10_000, 10_000]);
        assert_eq!(Retry::default().longest_waits(), Duration::from_millis(1_500));
        assert_eq!(Retry::none().longest_waits(), Duration::ZERO);
        assert_eq!(retry.wait_bound(u32::MAX), Duration::from_secs(10));
    }

    #[test]
    fn values_out_of_range_are_told() {
        assert_eq!(Retry::default().problem(), None);
        assert!(Retry::exponential(0).problem().is_some_and(|text| text.contains("1 to 1000")));
        assert!(Retry::default().first(Duration::ZERO).problem().is_some());
        assert!(Retry::default().cap(Duration::from_millis(1)).problem().is_some());
        assert!(Retry::default().cap(Duration::from_hours(2)).problem().is_some());
    }
}
