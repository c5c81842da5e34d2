//! Why a schema cannot be read or compared.

use std::str::Utf8Error;

use serde_json::Value;

use super::document::MAX_DOCUMENT_BYTES;

/// Why a text is no schema: which file, where in it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}:{column}: {problem}")]
pub struct DocumentError {
    /// The document's name.
    pub name: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in bytes, counted from 1.
    pub column: usize,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl DocumentError {
    fn new(name: &str, (line, column): (usize, usize), problem: String) -> Self {
        Self { name: name.to_owned(), line, column, problem }
    }

    pub(super) fn too_large(name: &str, bytes: usize) -> Self {
        let problem =
            format!("{bytes} bytes, at most {MAX_DOCUMENT_BYTES} are read: split the schema by event type");
        Self::new(name, (1, 1), problem)
    }

    pub(super) fn not_utf8(name: &str, text: &[u8], error: Utf8Error) -> Self {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
        Self::new(name, (line, column), "not UTF-8: save the file as UTF-8".to_owned())
    }

    pub(super) fn not_json(name: &str, error: &serde_json::Error) -> Self {
        let place = (error.line().max(1), error.column().max(1));
        let mut problem = error.to_string();
        // What follows is the place, which stands in front already.
        if let Some(end) = problem.rfind(" at line ") {
            problem.truncate(end);
        }
        let advice = if problem.contains("recursion limit") {
            "nests too deep: move inner schemas to `$defs`".to_owned()
        } else {
            format!("not JSON: {problem}")
        };
        Self::new(name, place, advice)
    }

    pub(super) fn no_schema(name: &str, value: &Value) -> Self {
        let kind = match value {
            Value::Null => "null",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            _ => "a list",
        };
        let problem = format!("a schema is an object, `true` or `false`, and this is {kind}");
        Self::new(name, (1, 1), problem)
    }
}

/// Why two schemas cannot be compared. The exit code for it is "unreadable input", not "findings".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A document is no usable schema: a keyword has the wrong type, a pattern does not compile, a `$ref` goes
    /// nowhere or outside the document, it nests too deep, or its dialect is not known.
    #[error("{name}{}: {problem}", place(pointer, *line))]
    Schema {
        /// The document's name.
        name: String,
        /// JSON Pointer to the place.
        pointer: String,
        /// Its line, if the document has text.
        line: Option<u32>,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The two are written in dialects that differ in what they mean, and no common form is known.
    #[error("{old} is written in {old_dialect}, {new} in {new_dialect}: {problem}")]
    Dialects {
        /// The old document's name.
        old: String,
        /// Its dialect.
        old_dialect: &'static str,
        /// The new document's name.
        new: String,
        /// Its dialect.
        new_dialect: &'static str,
        /// What they do not share, and what to do.
        problem: &'static str,
    },
}

fn place(pointer: &str, line: Option<u32>) -> String {
    let pointer = if pointer.is_empty() { "/" } else { pointer };
    match line {
        Some(line) => format!(":{line} (at {pointer})"),
        None => format!(" (at {pointer})"),
    }
}
