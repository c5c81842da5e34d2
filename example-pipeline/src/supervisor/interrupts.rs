//! Ctrl-C and SIGTERM.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens to both, from now on.
#[derive(Debug)]
pub(crate) struct Interrupts {
    /// None if the system does not let us listen; then the signal ends the process, as ever.
    signals: Option<(Signal, Signal)>,
}

impl Interrupts {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        let signals =
            signal(SignalKind::interrupt()).and_then(|one| Ok((one, signal(SignalKind::terminate())?)));
        Self { signals: signals.ok() }
    }

    /// From now on: becomes true at the next of either.
    pub(crate) fn hurry(mut self) -> Arc<AtomicBool> {
        let is_hurried = Arc::new(AtomicBool::new(false));
        let hurried = Arc::clone(&is_hurried);
        tokio::spawn(async move {
            self.next().await;
            hurried.store(true, Ordering::Relaxed);
        });
        is_hurried
    }

    /// The next of either. Cancel safe.
    pub(crate) async fn next(&mut self) {
        let Some((interrupt, terminate)) = &mut self.signals else { return pending().await };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
