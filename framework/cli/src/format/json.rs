//! The command's own JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::Report;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    document(&report.json, out)
}

/// A JSON document, with a line's end after it.
pub(super) fn document(json: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(json)?;
    writeln!(out, "{}", super::json_text(&text))
}
