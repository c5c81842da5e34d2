//! One JSON Schema text, and where in it things stand.

use std::sync::{Arc, OnceLock};

use jsonschema::Draft;
use serde_json::Value;

use super::dialect;
use super::error::{CompareError, DocumentError};
use super::lines::Lines;
use super::prepare::{self, Cache, MAX_KEPT, has_more_values};
use super::translate::translate;
use crate::meaning::normal;

/// The largest schema text that is read, in bytes: beyond what anybody writes by hand, and small enough to be
/// answered or refused in a second.
pub const MAX_DOCUMENT_BYTES: usize = 8 * 1024 * 1024;

/// How many objects and arrays of a schema may stand inside each other. `serde_json` reads no deeper either.
pub const MAX_DOCUMENT_DEPTH: usize = 127;

/// What every version has its own of.
const NAMES: [&str; 3] = ["$id", "id", "$schema"];

/// A schema without what every version has its own of.
pub(super) fn without_names(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(root) = &mut schema {
        root.retain(|key, _| !NAMES.contains(&key.as_str()));
    }
    schema
}

/// Whether two schemas are the same, but for what every version has its own of.
pub(super) fn same_but_names(old: &Value, new: &Value) -> bool {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return old == new };
    let named = |(key, _): &(&String, &Value)| !NAMES.contains(&key.as_str());
    let members = old.iter().filter(named).count();
    members == new.iter().filter(named).count()
        && old.iter().filter(named).all(|(key, value)| new.get(key) == Some(value))
}

/// One JSON Schema, with the text it came from.
///
/// ```
/// use choreograph_contracts::compat::Document;
///
/// let text = b"{\n  \"type\": \"object\",\n  \"required\": [\"id\"]\n}";
/// let document = Document::parse("order.placed/1.0.json", text)?;
/// assert_eq!(document.value()["type"], "object");
/// assert_eq!(document.line("/required/0"), Some(3));
///
/// let error = Document::parse("broken.json", b"{\n  \"type\": }").unwrap_err();
/// assert!(error.to_string().starts_with("broken.json:2:11: "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    value: Arc<Value>,
    text: Option<Box<[u8]>>,
    lines: OnceLock<Lines>,
    cache: Cache,
    /// The draft that it is written in.
    draft: OnceLock<Result<Draft, CompareError>>,
    /// It in the words of 2020-12, where it is written in others.
    translated: OnceLock<Result<Arc<Value>, CompareError>>,
    /// The schema with one spelling for what has several.
    normal: OnceLock<Value>,
}

impl Document {
    /// Reads a schema's text. `name` is what messages call it, a path as a rule.
    ///
    /// # Errors
    ///
    /// [`DocumentError`], with line and column, if the text is too large, is not UTF-8 or not JSON, nests deeper
    /// than [`MAX_DOCUMENT_DEPTH`], or is neither an object nor a boolean.
    pub fn parse(name: &str, text: &[u8]) -> Result<Self, DocumentError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::too_large(name, text.len()));
        }
        let utf8 = std::str::from_utf8(text).map_err(|error| DocumentError::not_utf8(name, text, error))?;
        let utf8 = utf8.strip_prefix('\u{feff}').unwrap_or(utf8);
        let value: Value =
            serde_json::from_str(utf8).map_err(|error| DocumentError::not_json(name, &error))?;
        if !value.is_object() && !value.is_boolean() {
            return Err(DocumentError::no_schema(name, &value));
        }
        Ok(Self { text: Some(utf8.as_bytes().into()), ..Self::from_value(name, value) })
    }

    /// A schema that has no text: it knows no lines.
    pub fn from_value(name: &str, value: Value) -> Self {
        Self {
            name: name.to_owned(),
            value: Arc::new(value),
            text: None,
            lines: OnceLock::new(),
            cache: Cache::default(),
            draft: OnceLock::new(),
            translated: OnceLock::new(),
            normal: OnceLock::new(),
        }
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The schema.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The schema, to be kept.
    pub(super) fn shared(&self) -> Arc<Value> {
        Arc::clone(&self.value)
    }

    /// The draft that it is written in, all of it.
    pub(super) fn draft(&self) -> Result<Draft, CompareError> {
        self.draft.get_or_init(|| prepare::draft(self)).clone()
    }

    /// The schema in the words of 2020-12, of which `draft` is another. That of a large document is not kept: it takes tens
    /// of megabytes, and what is made of it is let go of as soon as it is read.
    pub(super) fn translated(&self, draft: Draft) -> Result<Arc<Value>, CompareError> {
        if has_more_values(&self.value, MAX_KEPT) {
            return prepare::translated(self, draft);
        }
        self.translated.get_or_init(|| prepare::translated(self, draft)).clone()
    }

    /// The schema in the words of 2020-12 with one spelling for what has several, and without what every version has its
    /// own of.
    pub(super) fn normal(&self) -> &Value {
        self.normal.get_or_init(|| {
            let draft = dialect::of(&self.value).unwrap_or(Draft::Draft202012);
            if dialect::must_be_translated(&self.value, draft)
                && let Ok(translated) = translate(&self.value, draft)
            {
                return normal(&without_names(&translated));
            }
            normal(&without_names(&self.value))
        })
    }

    /// What it was made into for comparisons.
    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The line, counted from 1, on which the value at a JSON Pointer begins: that of its name, where it is a
    /// member. `None` if there is no such place, or no text.
    pub fn line(&self, pointer: &str) -> Option<u32> {
        let text = self.text.as_deref()?;
        self.lines.get_or_init(|| Lines::of(text)).get(pointer)
    }
}
