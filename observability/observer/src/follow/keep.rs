//! The thread that saves the state, so that looking and reading wait for no disk.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::stop::Stop;
use crate::Shared;
use crate::state_folder::StateFolder;

/// Saving takes at most this share of the time, one part in so many: what takes longer is saved less often.
const SHARE: u32 = 20;

/// Saves the state now and then.
#[derive(Debug)]
pub(super) struct Keeper {
    state: StateFolder,
    every: Duration,
    /// Why the last one could not be written.
    problem: Mutex<Option<String>>,
}

impl Keeper {
    pub(super) fn new(state: StateFolder, every: Duration) -> Self {
        Self { state, every, problem: Mutex::new(None) }
    }

    /// Writes until `stop` is said.
    pub(super) fn run(&self, shared: &Shared, stop: &Stop) {
        let mut pause = self.every;
        loop {
            stop.wait(pause);
            if stop.is_said() {
                return;
            }
            let begun = Instant::now();
            self.save(shared);
            pause = pause_after(begun.elapsed(), self.every);
        }
    }

    /// Writes one.
    pub(super) fn save(&self, shared: &Shared) {
        let failed = self.state.save(shared).err();
        let told = failed.map(|error| format!("the state cannot be saved: {error}"));
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }

    /// Why the last one could not be written.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The pause after a save that took so long.
fn pause_after(took: Duration, every: Duration) -> Duration {
    every.max(took.saturating_mul(SHARE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_busy_with_saves_for_a_share_of_the_time_only() {
        let every = Duration::from_secs(30);
        assert_eq!(pause_after(Duration::from_millis(200), every), every);
        assert_eq!(pause_after(Duration::from_secs(6), every), Duration::from_mins(2));
    }
}
