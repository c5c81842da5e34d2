//! Ctrl-C and SIGTERM.

use std::future::pending;

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

    /// The next of either. Cancel safe.
    pub(crate) async fn next(&mut self) {
        let Some((interrupt, terminate)) = &mut self.signals else { return pending().await };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
