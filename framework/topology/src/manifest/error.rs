//! Why a manifest cannot be read.

use std::str::Utf8Error;

use choreograph_contracts::compat::Document;

use super::read::{FORM, MAX_MANIFEST_BYTES};

/// Why a text is no manifest: which file, where in it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}:{column}: {problem}")]
pub struct ReadError {
    /// What the file is called.
    pub name: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in bytes, counted from 1.
    pub column: usize,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl ReadError {
    pub(super) fn new(name: &str, problem: String) -> Self {
        Self { name: name.to_owned(), line: 1, column: 1, problem }
    }

    /// With the line on which a value begins, as far as the text is one that lines are looked up in.
    pub(super) fn at(name: &str, text: &str, pointer: &str, problem: String) -> Self {
        let document = Document::parse(name, text.as_bytes()).ok();
        let line = document.and_then(|document| document.line(pointer)).unwrap_or(1);
        Self { line: line as usize, ..Self::new(name, problem) }
    }

    pub(super) fn encoding(name: &str, text: &[u8], error: Utf8Error) -> Self {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        let lines = || before.split(|byte| *byte == b'\n');
        let (line, column) = (lines().count(), lines().next_back().map_or(0, <[u8]>::len) + 1);
        Self { name: name.to_owned(), line, column, problem: "not UTF-8: save the file as UTF-8".to_owned() }
    }

    pub(super) fn too_large(name: &str, bytes: usize) -> Self {
        Self::new(name, format!("{bytes} bytes, and a manifest has at most {MAX_MANIFEST_BYTES}"))
    }

    pub(super) fn newer(name: &str, text: &str, form: u64) -> Self {
        Self::at(
            name,
            text,
            "/manifest",
            format!(
                "a manifest of form {form}, and this program reads forms up to {FORM}: use the `choreograph` that belongs \
                 to the service's framework, or a newer one"
            ),
        )
    }

    pub(super) fn no_form(name: &str) -> Self {
        Self::new(
            name,
            "no manifest: it has no number `manifest`, the version of its form; give what a service's binary prints with \
             `manifest`"
                .to_owned(),
        )
    }

    pub(super) fn json(name: &str, error: &serde_json::Error) -> Self {
        let mut problem = error.to_string();
        // What follows is the place, which stands in front already.
        if let Some(end) = problem.rfind(" at line ") {
            problem.truncate(end);
        }
        let problem = match error.classify() {
            _ if problem.contains("recursion limit") => "nests too deep for a manifest".to_owned(),
            serde_json::error::Category::Data => format!("no manifest: {problem}"),
            _ => format!("not JSON: {problem}; give what a service's binary prints with `manifest`"),
        };
        Self { name: name.to_owned(), line: error.line().max(1), column: error.column().max(1), problem }
    }
}
