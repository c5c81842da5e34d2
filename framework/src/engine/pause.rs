//! When a partition has taken enough, and what follows: the step takes nothing for a while, then that partition alone
//! is paused.
//!
//! A partition is *full* from a bound down to half of it. In between the step polls nothing at all, because a pause
//! throws away what the client had fetched; a partition that stays full is paused, and the others go on.

use super::{
    bug::{Bug, seeded},
    command::Time,
};

/// The pressure on one partition.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    /// Since when the partition is full.
    pub(super) full_since: Option<Time>,
    /// The driver was told to pause it.
    pub(super) paused: bool,
    /// Counted as one that may not take and is not paused.
    pub(super) counted_full: bool,
    /// Counted as one that is not paused.
    pub(super) counted_open: bool,
}

/// How much of one bound is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    pub(super) used: usize,
    pub(super) bound: usize,
}

impl Use {
    fn is_full(self) -> bool {
        self.used >= self.bound
    }

    fn is_easy(self) -> bool {
        self.used <= self.bound / 2
    }
}

impl Pressure {
    /// Looks at the bounds again. Answers whether the partition became full or ceased to be.
    pub(super) fn look(&mut self, now: Time, waiting: Use, distance: Use) -> bool {
        let full = (waiting.is_full() && !seeded(Bug::IgnoreWaiting))
            || (distance.is_full() && !seeded(Bug::IgnoreDistance));
        match self.full_since {
            None if full => self.full_since = Some(now),
            Some(_) if waiting.is_easy() && distance.is_easy() => self.full_since = None,
            _ => return false,
        }
        true
    }

    pub(super) fn is_full(&self) -> bool {
        self.full_since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_at_the_bound_until_half() {
        let free = Use { used: 0, bound: 100 };
        let mut pressure = Pressure::default();
        let mut look = |now, used| {
            pressure.look(Time(now), Use { used, bound: 10 }, free);
            pressure.full_since.map(|since| since.0)
        };
        assert_eq!(look(1, 9), None);
        assert_eq!(look(2, 10), Some(2));
        assert_eq!(look(3, 12), Some(2));
        assert_eq!(look(4, 6), Some(2));
        assert_eq!(look(5, 5), None);
    }

    #[test]
    fn both_bounds_have_to_be_easy() {
        let mut pressure = Pressure::default();
        let at = |used| Use { used, bound: 10 };
        assert!(pressure.look(Time(1), at(10), at(10)));
        assert!(!pressure.look(Time(2), at(0), at(6)));
        assert!(pressure.look(Time(3), at(0), at(5)));
    }
}
