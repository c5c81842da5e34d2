use serde::Serialize;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Which side of a comparison it is on, `old` or `new`; empty where there are no sides.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub side: String,
    /// The file, as the user named it.
    pub file: String,
    /// The line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// JSON Pointer into the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The text of the line.
    #[serde(skip)]
    pub text: Option<String>,
}

impl Place {
    /// A file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self { side: String::new(), file: file.into(), line: None, pointer: None, text: None }
    }

    /// On `side` of a comparison.
    #[must_use]
    pub fn side(mut self, side: &str) -> Self {
        side.clone_into(&mut self.side);
        self
    }

    /// `file:line`, as far as it is known.
    pub fn address(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.file),
            None => self.file.clone(),
        }
    }
}
