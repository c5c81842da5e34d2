//! How far it is, on a terminal.

use std::io::Write;
use std::time::{Duration, Instant};

use choreograph_dead_letters::{Progress, Stage, Watch};

use crate::Console;

/// Between two pictures of the bar.
const REDRAW_EVERY: Duration = Duration::from_millis(100);
/// The bar's length in characters.
const LENGTH: u64 = 30;

/// A bar in the last line of a terminal; nothing elsewhere. Dropped, it is gone.
pub(super) struct Bar<'c> {
    errors: Option<&'c mut dyn Write>,
    drawn: Option<Instant>,
}

impl<'c> Bar<'c> {
    pub(super) fn on(console: &'c mut Console<'_>) -> Self {
        let errors: Option<&'c mut dyn Write> =
            if console.terminal { Some(&mut *console.errors) } else { None };
        Self { errors, drawn: None }
    }
}

impl Watch for Bar<'_> {
    fn told(&mut self, progress: Progress) {
        let Some(errors) = &mut self.errors else { return };
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW_EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        // A terminal that takes no bar is no reason to stop.
        drop(write!(errors, "\r\x1b[K{}", picture(progress)).and_then(|()| errors.flush()));
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        if let (Some(errors), Some(_)) = (&mut self.errors, self.drawn) {
            drop(write!(errors, "\r\x1b[K").and_then(|()| errors.flush()));
        }
    }
}

fn picture(Progress { stage, done, total }: Progress) -> String {
    let what = match stage {
        Stage::Actions => "reading what was done",
        Stage::Letters => "reading dead letters",
        Stage::Acting => "acting",
    };
    let full = (done * LENGTH).checked_div(total).unwrap_or(LENGTH).min(LENGTH) as usize;
    let bar = "#".repeat(full) + &"-".repeat(LENGTH as usize - full);
    format!("[{bar}] {what}: {done} of {total}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_and_never_overflows() {
        let picture = |done, total| picture(Progress { stage: Stage::Acting, done, total });
        assert_eq!(picture(5, 10), "[###############---------------] acting: 5 of 10");
        assert!(picture(20, 10).starts_with("[##############################]"));
        assert!(picture(0, 0).starts_with("[##############################]"));
    }
}
