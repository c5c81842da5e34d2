//! A document made ready for its part: as a writer or as a reader, in the words of 2020-12.

use std::borrow::Cow;
use std::collections::HashMap;

use jsonschema::{Draft, PatternOptions, Retrieve, Uri, Validator};
use serde_json::Value;

use super::dialect;
use super::document::{Document, MAX_DOCUMENT_DEPTH};
use super::error::CompareError;
use super::graph::ReadError;
use super::open::open;
use super::options::Semantics;
use super::verdict::Place;
use crate::schema::{deeper_than, for_each_mut};
use crate::views::{bounds, close, names};

/// What a document stands for in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What may be written.
    Writer,
    /// What is read, by a reader made from the contract.
    Reader,
    /// What is read, by just this reader.
    OwnReader,
}

/// A document in one part.
#[derive(Debug)]
pub(super) struct Prepared<'d> {
    pub(super) document: &'d Document,
    pub(super) draft: Draft,
    /// The schema in the words of 2020-12, closed or opened.
    pub(super) schema: Value,
    semantics: Semantics,
    origins: HashMap<String, String>,
    /// The pointer that stands for the root, where closing gave the root a name.
    named_root: Option<String>,
}

impl<'d> Prepared<'d> {
    pub(super) fn new(
        document: &'d Document,
        part: Part,
        semantics: Semantics,
    ) -> Result<Self, CompareError> {
        let value = document.value();
        if deeper_than(value, MAX_DOCUMENT_DEPTH) {
            return Err(refused(document, "", "nests too deep: move inner schemas to `$defs`"));
        }
        let Some(draft) = dialect::of(value) else {
            let known = "drafts 4, 6, 7, 2019-09 and 2020-12 are read";
            return Err(refused(document, "/$schema", &format!("written in an unknown dialect: {known}")));
        };
        let (mut schema, origins) = if dialect::must_be_translated(value, draft) {
            let translated = dialect::translate(value, draft)
                .map_err(|(pointer, problem)| refused(document, &pointer, &problem))?;
            (translated.schema, translated.origins)
        } else {
            (value.clone(), HashMap::new())
        };
        let mut named_root = None;
        if semantics == Semantics::Contract {
            for_each_mut(&mut schema, &mut bounds::bound_integers);
            named_root = play(&mut schema, part);
        }
        Ok(Self { document, draft, schema, semantics, origins, named_root })
    }

    /// The place in the document that a pointer into the prepared schema means.
    pub(super) fn place(&self, pointer: &str) -> Place {
        let pointer = self.original(pointer);
        let line = self.line_near(&pointer);
        Place { pointer: pointer.into_owned(), line }
    }

    /// The line of a pointer, or of the nearest place around it: closing adds keywords that no text has.
    fn line_near(&self, pointer: &str) -> Option<u32> {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.document.line(pointer) {
                return Some(line);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    fn original<'p>(&self, pointer: &'p str) -> Cow<'p, str> {
        let mut pointer = Cow::Borrowed(pointer);
        if let Some(root) = &self.named_root
            && let Some(rest) = pointer.strip_prefix(root.as_str())
            && (rest.is_empty() || rest.starts_with('/'))
        {
            pointer = Cow::Owned(rest.to_owned());
        }
        // The nearest schema around it that has another place in the document.
        let mut end = pointer.len();
        while !self.origins.is_empty() {
            if let Some(original) = self.origins.get(&pointer[..end]) {
                return Cow::Owned(format!("{original}{}", &pointer[end..]));
            }
            match pointer[..end].rfind('/') {
                Some(at) => end = at,
                None => break,
            }
        }
        pointer
    }

    pub(super) fn read_error(&self, error: &ReadError) -> CompareError {
        let pointer = self.original(&error.pointer);
        CompareError::Schema {
            name: self.document.name().to_owned(),
            line: self.line_near(&pointer),
            pointer: pointer.into_owned(),
            problem: error.problem.clone(),
        }
    }

    /// A validator, as the run time would make it: formats asserted, nothing fetched.
    pub(super) fn validator(&self) -> Result<Validator, CompareError> {
        let options = jsonschema::options().with_retriever(Nothing).should_validate_formats(true);
        let built = match self.semantics {
            Semantics::Contract => options
                .with_draft(Draft::Draft202012)
                .with_pattern_options(PatternOptions::regex())
                .build(&self.schema),
            Semantics::Plain => options.with_draft(self.draft).build(self.document.value()),
        };
        built.map_err(|error| {
            let pointer = error.instance_path().to_string();
            let problem = format!("no usable schema: {error}");
            refused(self.document, &self.original(&pointer), &problem)
        })
    }
}

/// Makes a contract's schema that of a writer or of a reader. Returns the pointer that the root moved to.
fn play(schema: &mut Value, part: Part) -> Option<String> {
    if part != Part::Writer {
        names::open_enums(schema);
        if part == Part::Reader {
            open(schema);
        }
        return None;
    }
    let had_reference = schema.get("$ref").is_some();
    close(schema);
    let reference = schema.get("$ref").and_then(Value::as_str)?;
    let pointer = reference.strip_prefix('#').filter(|_| !had_reference)?;
    Some(pointer.to_owned())
}

pub(super) fn refused(document: &Document, pointer: &str, problem: &str) -> CompareError {
    CompareError::Schema {
        name: document.name().to_owned(),
        pointer: pointer.to_owned(),
        line: document.line(pointer),
        problem: problem.to_owned(),
    }
}

/// Fetches no document, from nowhere.
struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("`{uri}` is outside the document, and nothing is fetched").into())
    }
}
