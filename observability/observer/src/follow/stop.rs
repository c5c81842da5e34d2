use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Says once that all threads shall end.
#[derive(Debug, Default)]
pub(super) struct Stop {
    said: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Stop {
    /// Says it.
    pub(super) fn say(&self) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.said.store(true, Ordering::Relaxed);
        self.wake.notify_all();
    }

    /// Whether it was said.
    pub(super) fn is_said(&self) -> bool {
        self.said.load(Ordering::Relaxed)
    }

    /// Waits until it is said, at most `within`.
    pub(super) fn wait(&self, within: Duration) {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.wake.wait_timeout_while(guard, within, |()| !self.is_said()));
    }
}
