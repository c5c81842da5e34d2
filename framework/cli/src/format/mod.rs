//! A report, printed.
//!
//! Each format is one file, and knows nothing of commands. What comes from files, events or servers may hold any
//! character: each format escapes for its reader, and terminals get no control characters.

mod clean;
pub mod github;
mod json;
mod junit;
mod markdown;
mod paint;
mod sarif;
mod text;

#[cfg(test)]
pub(crate) mod sample;

use clean::no_command;
pub(crate) use clean::{brief, clean_lines, json_text, one_line, shortened};

use std::io::{self, Write};

use crate::args::Format;
use crate::report::Report;

/// Prints `report` as `format`; only text takes colour.
///
/// # Errors
///
/// What writing to `out` says.
pub fn write(report: &Report, format: Format, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, colour, out),
        Format::Json => json::write(report, out),
        Format::Github => github::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Markdown => markdown::write(report, out),
    }
}
