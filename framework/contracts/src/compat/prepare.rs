//! A document made ready for its part: as a writer or as a reader, in the words of 2020-12.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use jsonschema::{Draft, PatternOptions, Retrieve, Uri, Validator};
use serde_json::Value;

use super::aside::{Aside, is_plain};
use super::dialect;
use super::document::{Document, MAX_DOCUMENT_DEPTH};
use super::error::CompareError;
use super::graph::ReadError;
use super::open::open;
use super::options::Semantics;
use super::places;
use super::translate::translate;
use super::unions::{self, Unions};
use super::verdict::Place;
use crate::schema::{deeper_than, for_each_mut, for_each_test_mut, has_key};
use crate::views::{OPEN_ENUM, bounds, close, names};

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
    ready: Arc<Ready>,
}

/// What a document is made into for one part.
pub(super) struct Ready {
    pub(super) draft: Draft,
    /// The draft whose formats and encodings are asserted: a contract is asserted as one of 2020-12.
    pub(super) asserted: Draft,
    /// The schema in the words of 2020-12, closed or opened.
    pub(super) schema: Arc<Value>,
    is_contract: bool,
    /// Whether the document says it in the words of another draft.
    is_translated: bool,
    made: Made,
    validator: OnceLock<Result<Validator, CompareError>>,
}

/// What a document was made into lately: the versions of a contract are compared in many pairs, one after the other.
#[derive(Default)]
pub(super) struct Cache([Mutex<Weak<Ready>>; 4]);

/// What was made lately, of any document: it is kept alive here, and forgotten when others come.
static RECENT: Mutex<VecDeque<Arc<Ready>>> = Mutex::new(VecDeque::new());

/// How many of them are kept.
const MAX_RECENT: usize = 64;

/// Keywords that another part is made of, where a contract is read: without them it is read as it stands.
const OF_READERS: [&str; 5] = [OPEN_ENUM, "additionalProperties", "unevaluatedProperties", "format", "oneOf"];

/// Documents with more values than this are made into their parts anew each time.
pub(super) const MAX_KEPT: usize = 2_000;

impl Cache {
    /// What was made for the part, or what `make` makes of it.
    fn get(
        &self,
        slot: usize,
        make: impl FnOnce() -> Result<Ready, CompareError>,
    ) -> Result<Arc<Ready>, CompareError> {
        // A panic elsewhere leaves what is kept as it is: whole.
        let mut slot = self.0[slot].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = slot.upgrade() {
            return Ok(ready);
        }
        let ready = Arc::new(make()?);
        if !has_more_values(&ready.schema, MAX_KEPT) {
            *slot = Arc::downgrade(&ready);
            let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
            let old = if recent.len() < MAX_RECENT { None } else { recent.pop_front() };
            recent.push_back(Arc::clone(&ready));
            drop(recent);
            drop(old);
        }
        Ok(ready)
    }
}

impl Clone for Cache {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.schema, f)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

impl Deref for Prepared<'_> {
    type Target = Ready;

    fn deref(&self) -> &Ready {
        &self.ready
    }
}

impl<'d> Prepared<'d> {
    pub(super) fn new(
        document: &'d Document,
        part: Part,
        semantics: Semantics,
    ) -> Result<Self, CompareError> {
        let slot = match (semantics, part) {
            (Semantics::Plain, _) => 0,
            (Semantics::Contract, Part::Writer) => 1,
            (Semantics::Contract, Part::Reader) => 2,
            (Semantics::Contract, Part::OwnReader) => 3,
        };
        let ready = document.cache().get(slot, || Ready::of(document, part, semantics))?;
        Ok(Self { document, ready })
    }

    /// Frees what the schema was made into, where nobody else has it: a large one takes tens of megabytes.
    pub(super) fn let_go(&mut self) {
        if let Some(ready) = Arc::get_mut(&mut self.ready) {
            ready.schema = Arc::default();
        }
    }

    /// The place in the document that a pointer into the prepared schema means, or the nearest one around it: what is
    /// told of may be what is missing, and closing adds keywords that no text has.
    pub(super) fn place(&self, pointer: &str) -> Place {
        let pointer = self.original(pointer);
        let mut there = &*pointer;
        while self.document.value().pointer(there).is_none() {
            there = &there[..there.rfind('/').unwrap_or_default()];
        }
        Place { pointer: there.to_owned(), line: self.document.line(there) }
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
        let made = &self.made;
        let copied = made.aside.iter().find_map(|aside| pointer.strip_prefix(aside.as_str()));
        let pointer = copied.unwrap_or(pointer);
        let moved = made.unions.before(pointer).filter(|_| copied.is_none());
        let mut pointer = moved.map_or(Cow::Borrowed(pointer), Cow::Owned);
        if let Some(root) = &made.named_root
            && let Some(rest) = pointer.strip_prefix(root.as_str())
            && (rest.is_empty() || rest.starts_with('/'))
        {
            pointer = Cow::Owned(rest.to_owned());
        }
        if self.is_translated {
            return Cow::Owned(places::before(self.draft, self.document.value(), &pointer));
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
    pub(super) fn validator(&self) -> Result<&Validator, CompareError> {
        let built = self.ready.validator.get_or_init(|| {
            let options = jsonschema::options().with_retriever(Nothing).should_validate_formats(true);
            let built = if self.is_contract {
                let options = options.with_draft(Draft::Draft202012);
                options.with_pattern_options(PatternOptions::regex()).build(&self.schema)
            } else {
                options.with_draft(self.draft).build(self.document.value())
            };
            built.map_err(|error| {
                let pointer = error.instance_path().to_string();
                let problem = format!("no usable schema: {error}");
                refused(self.document, &self.original(&pointer), &problem)
            })
        });
        built.as_ref().map_err(Clone::clone)
    }
}

impl Ready {
    fn of(document: &Document, part: Part, semantics: Semantics) -> Result<Self, CompareError> {
        let value = document.value();
        let draft = document.draft()?;
        let is_translated = dialect::must_be_translated(value, draft);
        let mut schema = if is_translated { document.translated(draft)? } else { document.shared() };
        let mut made = Made::default();
        if semantics == Semantics::Contract && (part == Part::Writer || has_key(&schema, &OF_READERS)) {
            let schema = Arc::make_mut(&mut schema);
            for_each_mut(schema, &mut bounds::bound_integers);
            made = play(schema, part);
        }
        let is_contract = semantics == Semantics::Contract;
        let asserted = if is_contract { Draft::Draft202012 } else { draft };
        let validator = OnceLock::new();
        Ok(Self { draft, asserted, schema, is_contract, is_translated, made, validator })
    }
}

/// The draft that a document is written in, all of it.
pub(super) fn draft(document: &Document) -> Result<Draft, CompareError> {
    let value = document.value();
    if deeper_than(value, MAX_DOCUMENT_DEPTH) {
        return Err(refused(document, "", "nests too deep: move inner schemas to `$defs`"));
    }
    let Some(draft) = dialect::of(value) else {
        let known = "drafts 4, 6, 7, 2019-09 and 2020-12 are read";
        return Err(refused(document, "/$schema", &format!("written in an unknown dialect: {known}")));
    };
    if dialect::is_mixed(value, draft) {
        let problem = "a schema inside it has a `$schema` of its own: write all in one draft";
        return Err(refused(document, "", problem));
    }
    Ok(draft)
}

/// A document in the words of 2020-12.
pub(super) fn translated(document: &Document, draft: Draft) -> Result<Arc<Value>, CompareError> {
    let translated = translate(document.value(), draft);
    translated.map(Arc::new).map_err(|(pointer, problem)| refused(document, &pointer, &problem))
}

/// Whether a document has more values than `most`.
pub(super) fn has_more_values(value: &Value, most: usize) -> bool {
    fn count(value: &Value, left: &mut usize) {
        *left = left.saturating_sub(1);
        match value {
            _ if *left == 0 => {}
            Value::Array(elements) => elements.iter().for_each(|element| count(element, left)),
            Value::Object(members) => members.values().for_each(|member| count(member, left)),
            _ => {}
        }
    }
    let mut left = most + 1;
    count(value, &mut left);
    left == 0
}

/// How places in a prepared schema differ from those in the document.
#[derive(Default)]
struct Made {
    /// Where branches went that a reader opens.
    unions: Unions,
    /// The pointers of copies of the document.
    aside: Vec<String>,
    /// The pointer that stands for the root, where closing gave the root a name.
    named_root: Option<String>,
}

/// Makes a contract's schema that of a writer or of a reader.
fn play(schema: &mut Value, part: Part) -> Made {
    let mut made = Made::default();
    if part == Part::OwnReader {
        names::open_enums(schema);
        return made;
    }
    let standing = Aside::new(schema, "standing");
    let as_it_stands = is_tested(schema).then(|| schema.clone());
    for_each_test_mut(schema, &mut |test| for_each_mut(test, &mut |object| drop(object.remove(OPEN_ENUM))));
    let tested = as_it_stands.as_ref().map_or_else(Vec::new, |_| standing.lead_tests(schema));
    match part {
        Part::Reader if has_key(schema, &["oneOf"]) && is_plain(schema) => {
            let aside = Aside::new(schema, "closed").beside(&standing);
            // What is opened is what closing closes, whether the text says it or not.
            made.named_root = closed(schema);
            let as_closed = schema.clone();
            names::open_enums(schema);
            made.unions = unions::include(schema, &as_closed, &aside);
            open(schema);
            made.unions.put(schema, &as_closed, &aside);
            made.aside.push(aside.pointer());
        }
        Part::Reader => {
            names::open_enums(schema);
            open(schema);
        }
        _ => made.named_root = closed(schema),
    }
    if let Some(as_it_stands) = as_it_stands.filter(|_| !tested.is_empty()) {
        standing.put(schema, &as_it_stands, tested);
        made.aside.push(standing.pointer());
    }
    made
}

/// Whether schemas that may have to be broken refer to others, by their places.
fn is_tested(schema: &Value) -> bool {
    has_key(schema, &["not", "if", "maxContains"]) && has_key(schema, &["$ref"]) && is_plain(schema)
}

/// Closes a schema. Returns the pointer that the root moved to.
fn closed(schema: &mut Value) -> Option<String> {
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
