//! A line on how far the run is.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

use super::tally::Tally;

/// How often progress is shown on a terminal.
const ON_A_TERMINAL: Duration = Duration::from_millis(500);
/// How often it is shown in a file.
const IN_A_FILE: Duration = Duration::from_secs(5);

/// Shows progress on standard error, on a terminal always in the same line.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    shown: Option<Instant>,
}

impl Progress {
    /// Shows how far the run is, if it was not shown just now.
    pub(crate) fn show(&mut self, tally: &Tally) {
        let on_terminal = stderr().is_terminal();
        let every = if on_terminal { ON_A_TERMINAL } else { IN_A_FILE };
        if self.shown.is_some_and(|at| at.elapsed() < every) {
            return;
        }
        self.shown = Some(Instant::now());
        let report = tally.report();
        let line = format!(
            "{} orders placed, {} delivered, {} cancelled, {} under way; {} mails, {} dead letters",
            report.orders,
            report.delivered,
            report.cancelled,
            report.unfinished,
            report.mails,
            report.dead_letters
        );
        let mut stderr = stderr().lock();
        // Progress that cannot be shown is no reason to stop.
        drop(if on_terminal { write!(stderr, "\r{line:<100}") } else { writeln!(stderr, "{line}") });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() && stderr().is_terminal() {
            eprintln!();
        }
    }
}
