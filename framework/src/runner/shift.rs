//! How long the runner works before its driver has its turn.

use std::time::Duration;

use crate::{clock::Wall, engine::Time};

/// How long handlers are started and polled in one go. The records behind a key that was held up may be a thousand for each
/// partition: whatever they cost, the driver hears of its group, its timers and its broker in between.
pub(crate) const LONGEST_SHIFT: Duration = Duration::from_millis(50);

/// The work between two readings of the driver's clock.
#[derive(Debug, Default)]
pub(super) struct Shift {
    at: Option<Time>,
    began: Option<Wall>,
    over: bool,
}

impl Shift {
    /// Begins at the driver's time `at`, when the clock for measuring says `wall`.
    pub(super) fn begin(at: Time, wall: Wall) -> Self {
        Self { at: Some(at), began: Some(wall), over: false }
    }

    /// Whether it began at this time of the driver.
    pub(super) fn is_at(&self, now: Time) -> bool {
        self.at == Some(now)
    }

    /// The clock for measuring says `wall`.
    pub(super) fn look(&mut self, wall: Wall) {
        // A clock that was set back ends no shift; the next one begins by it.
        self.over |= self.began.is_some_and(|began| wall.since(began) >= LONGEST_SHIFT);
    }

    /// Whether what is left has to wait for the next.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}
