//! The thread that writes snapshots, so that looking and reading wait for no disk.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::stop::Stop;
use crate::Shared;
use crate::snapshot::Snapshot;

/// Writing takes at most this share of the time, one part in so many: a snapshot that takes longer is written less often.
const SHARE: u32 = 20;

/// Writes snapshots now and then.
#[derive(Debug)]
pub(super) struct Keeper {
    snapshot: Snapshot,
    every: Duration,
    /// Why the last one could not be written.
    problem: Mutex<Option<String>>,
}

impl Keeper {
    pub(super) fn new(snapshot: Snapshot, every: Duration) -> Self {
        Self { snapshot, every, problem: Mutex::new(None) }
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
        let failed = self.snapshot.save(shared).err();
        let told = failed.map(|error| format!("no snapshot can be written: {error}"));
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }

    /// Why the last one could not be written.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The pause after a snapshot that took so long.
fn pause_after(took: Duration, every: Duration) -> Duration {
    every.max(took.saturating_mul(SHARE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_busy_with_snapshots_for_a_share_of_the_time_only() {
        let every = Duration::from_secs(30);
        assert_eq!(pause_after(Duration::from_millis(200), every), every);
        assert_eq!(pause_after(Duration::from_secs(6), every), Duration::from_mins(2));
    }
}
