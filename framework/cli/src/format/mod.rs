//! A report, printed.
//!
//! Each format is one file, and knows nothing of commands. What comes from files, events or servers may hold any
//! character: each format escapes for its reader, and terminals get no control characters.

mod clean;
mod github;
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
pub(crate) use markdown::block;

use std::io::{self, Write};

use crate::args::Format;
use crate::report::Report;
use crate::{Failure, MAX_SHOWN_ERROR, Problem};

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

/// Prints what kept `command` from its answer as `format`: a document of the same kind, that says so. Text is for a person, who reads
/// it on standard error.
///
/// # Errors
///
/// What writing to `out` says.
pub fn failure(failure: &Failure, command: &str, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => Ok(()),
        Format::Json => json::failure(failure, command, out),
        Format::Github => github::failure(failure, out),
        Format::Junit => junit::failure(failure, command, out),
        Format::Sarif => sarif::failure(failure, command, out),
        Format::Markdown => markdown::failure(failure, command, out),
    }
}

/// `choreograph check`; without a command where none could be read.
fn called(command: &str) -> String {
    format!("choreograph {command}").trim_end().to_owned()
}

/// What is wrong and what to do about it, a line each.
fn told(problem: &Problem, failure: &Failure) -> String {
    let advice = failure.advice().iter().map(|help| format!("help: {help}"));
    let said = std::iter::once(problem.text.clone()).chain(advice);
    said.map(|text| shortened(&text, MAX_SHOWN_ERROR)).collect::<Vec<_>>().join("\n")
}
