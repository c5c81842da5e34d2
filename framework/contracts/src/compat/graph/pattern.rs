//! Patterns: matched as the run time matches them, and compared as automata.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use jsonschema::Validator;
use regex_automata::dfa::dense;
use regex_automata::util::syntax;
use serde_json::{Value, json};

/// A pattern's automaton.
type Dfa = dense::DFA<Vec<u32>>;

/// A pattern's index.
pub(in crate::compat) type PatternId = u32;

/// The largest automaton of one pattern, in bytes. A pattern that needs more is only matched, never compared.
const MAX_AUTOMATON_BYTES: usize = 1024 * 1024;

/// The longest pattern that is made an automaton, in bytes.
const MAX_PATTERN_BYTES: usize = 512;

/// Every pattern of both documents, each once.
#[derive(Debug, Default)]
pub(in crate::compat) struct Patterns {
    all: Vec<Pattern>,
    ids: HashMap<Box<str>, PatternId>,
}

struct Pattern {
    source: Box<str>,
    validator: Arc<Validator>,
    automaton: OnceLock<Option<Arc<Dfa>>>,
}

/// Patterns that were compiled before, in any comparison: the same few come again and again.
#[derive(Default)]
struct Compiled {
    validators: HashMap<Box<str>, Arc<Validator>>,
    automata: HashMap<Box<str>, Option<Arc<Dfa>>>,
}

/// How many compiled patterns are kept.
const MAX_COMPILED: usize = 64;

static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);

/// What is kept under `key`, or what `make` makes, which is kept then while there is room.
fn kept<T: Clone, E>(
    part: impl Fn(&mut Compiled) -> &mut HashMap<Box<str>, T>,
    key: &str,
    make: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    // A panic elsewhere leaves the maps as they are: whole.
    let lock = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = part(&mut lock()).get(key) {
        return Ok(known.clone());
    }
    let value = make()?;
    let mut compiled = lock();
    let map = part(&mut compiled);
    if map.len() >= MAX_COMPILED {
        map.clear();
    }
    map.insert(key.into(), value.clone());
    Ok(value)
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.source, f)
    }
}

impl Patterns {
    /// Takes in a pattern. `Err` says why it is none.
    pub(in crate::compat) fn add(&mut self, source: &str) -> Result<PatternId, String> {
        if let Some(id) = self.ids.get(source) {
            return Ok(*id);
        }
        let validator = kept(
            |compiled| &mut compiled.validators,
            source,
            || {
                let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
                let built = options.build(&json!({ "pattern": source })).map(Arc::new);
                built.map_err(|error| format!("`{source}` is no usable pattern: {error}"))
            },
        )?;
        let id = self.all.len() as PatternId;
        self.all.push(Pattern { source: source.into(), validator, automaton: OnceLock::new() });
        self.ids.insert(source.into(), id);
        Ok(id)
    }

    /// Takes in what an encoding and a media type ask of a text, as the drafts that assert them do.
    pub(in crate::compat) fn add_content(&mut self, schema: &Value) -> Result<PatternId, String> {
        // No pattern begins so: the two kinds do not meet.
        let key = format!("(?content){schema}");
        if let Some(id) = self.ids.get(key.as_str()) {
            return Ok(*id);
        }
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft7);
        let validator = Arc::new(options.build(schema).map_err(|error| error.to_string())?);
        let id = self.all.len() as PatternId;
        self.all.push(Pattern { source: key.as_str().into(), validator, automaton: OnceLock::from(None) });
        self.ids.insert(key.into(), id);
        Ok(id)
    }

    pub(in crate::compat) fn id(&self, source: &str) -> Option<PatternId> {
        self.ids.get(source).copied()
    }

    pub(in crate::compat) fn source(&self, id: PatternId) -> &str {
        &self.all[id as usize].source
    }

    /// Whether `text` matches, anywhere.
    pub(in crate::compat) fn matches(&self, id: PatternId, text: &str) -> bool {
        self.all[id as usize].validator.is_valid(&Value::String(text.to_owned()))
    }

    /// The pattern's automaton, if it is regular and small enough.
    pub(in crate::compat) fn automaton(&self, id: PatternId) -> Option<&dense::DFA<Vec<u32>>> {
        let pattern = &self.all[id as usize];
        let made = pattern.automaton.get_or_init(|| {
            let make = || Ok::<_, Infallible>(automaton(&pattern.source).map(Arc::new));
            kept(|compiled| &mut compiled.automata, &pattern.source, make).unwrap_or_default()
        });
        made.as_deref()
    }
}

fn automaton(source: &str) -> Option<dense::DFA<Vec<u32>>> {
    if source.len() > MAX_PATTERN_BYTES {
        return None;
    }
    let source = jsonschema_regex::to_rust_regex(source).ok()?;
    build(&source)
}

/// The automaton of a pattern in Rust's syntax.
pub(super) fn build(source: &str) -> Option<dense::DFA<Vec<u32>>> {
    let limits = dense::Config::new()
        .dfa_size_limit(Some(MAX_AUTOMATON_BYTES))
        .determinize_size_limit(Some(MAX_AUTOMATON_BYTES));
    dense::Builder::new().configure(limits).syntax(syntax::Config::new().utf8(true)).build(source).ok()
}
