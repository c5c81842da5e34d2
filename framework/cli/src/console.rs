//! Where a run of the command prints to.

use std::fmt;
use std::io::{self, IsTerminal, Write};

/// Standard output and standard error of a run, and whether the first takes colours.
pub struct Console<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) errors: &'a mut dyn Write,
    pub(crate) colour: bool,
    /// Whether a person looks at the errors while they are written.
    pub(crate) terminal: bool,
}

impl<'a> Console<'a> {
    /// A console that prints into `out` and `errors`, without colour.
    pub fn new(out: &'a mut dyn Write, errors: &'a mut dyn Write) -> Self {
        Self { out, errors, colour: false, terminal: false }
    }

    /// With colours, or without.
    #[must_use]
    pub fn colour(mut self, colour: bool) -> Self {
        self.colour = colour;
        self
    }

    /// With a person who looks at the errors while they are written, or without: a progress bar, questions.
    #[must_use]
    pub fn terminal(mut self, terminal: bool) -> Self {
        self.terminal = terminal;
        self
    }
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("colour", &self.colour).finish_non_exhaustive()
    }
}

/// Whether standard error is a terminal that takes more than lines.
pub(crate) fn is_watched() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !dumb && io::stderr().is_terminal()
}

/// Whether standard output is a terminal whose user has not asked for plain text
/// (<https://no-color.org>).
pub(crate) fn terminal_takes_colour() -> bool {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !plain && !dumb && io::stdout().is_terminal()
}
