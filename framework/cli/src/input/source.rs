use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use choreograph_contracts::compat::{self, CompareError, Document, DocumentError, MAX_DOCUMENT_BYTES};

use crate::report::Place;
use crate::{MAX_KEPT_LINE_BYTES, Problem};

/// A schema with its text: what findings point into.
#[derive(Debug)]
pub struct Source {
    document: Document,
    text: Vec<u8>,
    /// Where each line begins.
    starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// Reads a schema from a file.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, with its line where it has one.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let text = read_bytes(path, MAX_DOCUMENT_BYTES)?;
        Self::parse(&name, text)
    }

    /// Reads a schema from a text.
    ///
    /// # Errors
    ///
    /// As [`Source::read`].
    pub fn parse(name: &str, mut text: Vec<u8>) -> Result<Self, Problem> {
        let document = Document::parse(name, &text).map_err(of_document)?;
        text.shrink_to_fit();
        Ok(Self { document, text, starts: OnceLock::new() })
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        self.document.name()
    }

    /// The schema.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Its text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// A place that a comparison has found, with its line shown.
    pub fn place(&self, side: &str, place: &compat::Place) -> Place {
        let text = place.line.and_then(|line| self.line(line));
        let file = Place::file(self.name()).side(side);
        Place { line: place.line, pointer: Some(place.pointer.clone()), text, ..file }
    }

    /// The place of a JSON Pointer.
    pub fn at(&self, side: &str, pointer: &str) -> Place {
        let line = self.document.line(pointer);
        self.place(side, &compat::Place { pointer: pointer.to_owned(), line })
    }

    fn line(&self, number: u32) -> Option<String> {
        let breaks =
            || self.text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let starts = self.starts.get_or_init(|| std::iter::once(0).chain(breaks()).collect());
        let index = (number as usize).checked_sub(1)?;
        let start = *starts.get(index)?;
        let end = starts.get(index + 1).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..end)?;
        let kept = line.get(..MAX_KEPT_LINE_BYTES).unwrap_or(line);
        Some(String::from_utf8_lossy(kept).trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// A file's bytes, if they are at most `limit`. It may be a pipe: a shell's `<(…)` is one.
pub(crate) fn read_bytes(path: &Path, limit: usize) -> Result<Vec<u8>, Problem> {
    let problem = |text: String| Problem::of_file(path.display().to_string(), text);
    let failed = |error: std::io::Error| problem(format!("cannot be read: {error}"));
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(problem("is a folder, and a file is needed".to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        return Err(problem(format!("has more than {limit} bytes, and no more are read")));
    }
    Ok(bytes)
}

/// A file's bytes, if it is a regular file of at most `limit` bytes, and none that a link leads to: what lies in a repository does
/// not say what is read elsewhere, and no pipe keeps the command waiting.
pub(crate) fn read_regular(path: &Path, limit: usize) -> Result<Vec<u8>, Problem> {
    let problem = |text: String| Problem::of_file(path.display().to_string(), text);
    let kind = std::fs::symlink_metadata(path)
        .map_err(|error| problem(format!("cannot be read: {error}")))?
        .file_type();
    if kind.is_symlink() {
        return Err(problem(
            "is a symbolic link, and a regular file is needed: put the file itself there".to_owned(),
        ));
    }
    if !kind.is_file() && !kind.is_dir() {
        return Err(problem("is no regular file".to_owned()));
    }
    read_bytes(path, limit)
}

fn of_document(error: DocumentError) -> Problem {
    Problem { file: Some(error.name), line: u32::try_from(error.line).ok(), text: error.problem }
}

/// What keeps two schemas from being compared, as a problem of the input.
pub fn of_compare(error: CompareError) -> Problem {
    match error {
        CompareError::Schema { name, pointer, line, problem } => {
            let at = if pointer.is_empty() { String::new() } else { format!("at {pointer}: ") };
            Problem { file: Some(name), line, text: format!("{at}{problem}") }
        }
        other => Problem::new(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn shows_the_line_of_a_place() {
        let source = Source::parse("a.json", b"{\r\n  \"type\": \"object\"\r\n}".to_vec()).unwrap();
        let place = source.at("old", "/type");
        assert_eq!((place.line, place.text.as_deref()), (Some(2), Some("  \"type\": \"object\"")));
        assert_eq!(place.address(), "a.json:2");
    }

    #[test]
    fn a_torn_file_is_named_with_its_line() {
        let problem = Source::parse("a.json", b"{\n\n".to_vec()).unwrap_err();
        assert!(problem.to_string().starts_with("a.json:3: "), "{problem}");
    }
}
