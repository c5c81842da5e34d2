//! Time that passes only when the test says so.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::Time;

/// When every rehearsal begins: 2026-01-01T00:00:00Z, in milliseconds since the Unix epoch.
pub(crate) const BEGINNING: u64 = 1_767_225_600_000;

/// The rehearsal's clock, which goes with tokio's paused one, so that `tokio::time` in a handler and the
/// timers of the steps agree. Must be made and read inside the rehearsal's runtime.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    began: Instant,
    /// What tokio's clock went on while the rehearsal only waited for it to be quiet.
    unseen: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), unseen: Duration::ZERO }
    }

    /// Milliseconds since the rehearsal began.
    pub(crate) fn elapsed(&self) -> u64 {
        (self.began.elapsed().saturating_sub(self.unseen)).as_millis() as u64
    }

    pub(crate) fn now(&self) -> Time {
        Time(BEGINNING + self.elapsed())
    }

    /// When, on tokio's clock, `time` will be.
    pub(crate) fn instant(&self, time: Time) -> Instant {
        self.began + self.unseen + Duration::from_millis(time.0.saturating_sub(BEGINNING))
    }

    /// Takes what passed on tokio's clock since `since` out of the rehearsal's time.
    pub(crate) fn unsee(&mut self, since: Instant) {
        self.unseen += since.elapsed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn unseen_time_does_not_count() {
        let mut clock = Clock::start();
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!(clock.now(), Time(BEGINNING + 250));
        let quiet = Instant::now();
        tokio::time::advance(Duration::from_millis(1)).await;
        clock.unsee(quiet);
        assert_eq!(clock.elapsed(), 250);
        assert_eq!(clock.instant(Time(BEGINNING + 300)) - Instant::now(), Duration::from_millis(50));
    }
}
