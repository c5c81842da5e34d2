//! The command's own JSON.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::shortened;
use crate::report::Report;
use crate::{Failure, MAX_SHOWN_ERROR};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    document(&report.json, out)
}

/// What kept a command from its answer: the form of every command's JSON then.
pub(super) fn failure(failure: &Failure, command: &str, out: &mut dyn Write) -> io::Result<()> {
    let said = |text: &String| shortened(text, MAX_SHOWN_ERROR);
    let problems = failure.problems().iter().map(|problem| {
        let mut one = Map::new();
        if let Some(file) = &problem.file {
            one.insert("file".into(), json!(said(file)));
            one.extend(problem.line.map(|line| ("line".into(), json!(line))));
        }
        one.insert("text".into(), json!(said(&problem.text)));
        Value::Object(one)
    });
    let help: Vec<String> = failure.advice().iter().map(said).collect();
    let mut error = json!({
        "exit_code": failure.exit().code(),
        "problems": problems.collect::<Vec<_>>(),
        "help": help,
    });
    if !command.is_empty() {
        error["command"] = json!(command);
    }
    document(&json!({ "error": error }), out)
}

/// A JSON document, with a line's end after it.
pub(super) fn document(json: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(json)?;
    writeln!(out, "{}", super::json_text(&text))
}
