//! Patterns: matched as the run time matches them, and compared as automata.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use jsonschema::Validator;
use regex_automata::dfa::dense;
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use serde_json::{Value, json};

/// A pattern's automaton.
type Dfa = dense::DFA<Vec<u32>>;

/// A pattern's index.
pub(in crate::compat) type PatternId = u32;

/// The largest automaton of one pattern, in bytes. A pattern that needs more is only matched, never compared.
const MAX_AUTOMATON_BYTES: usize = 1024 * 1024;

/// What the key of an encoding and media type begins with. No pattern begins so: the two kinds do not meet.
const CONTENT: &str = "(?content)";

/// How many characters of a pattern an error shows.
const MAX_SHOWN: usize = 80;

/// The longest pattern that is made an automaton, in bytes.
const MAX_PATTERN_BYTES: usize = 512;

/// How many different patterns both documents may have together: each is compiled.
pub(in crate::compat) const MAX_PATTERNS: usize = 2_000;

/// How many bytes all patterns of both documents may come to when they are compiled. One that says `{1000}` of a
/// class of letters takes megabytes.
pub(in crate::compat) const MAX_COMPILED_BYTES: usize = 16 * 1024 * 1024;

/// What a pattern counts that only a backtracking engine can match: its size is not known beforehand.
const BACKTRACKING_BYTES: usize = 256 * 1024;

/// How many bytes the automata of one comparison may come to. Patterns beyond are only matched.
const MAX_AUTOMATA_BYTES: usize = 64 * 1024 * 1024;

/// Every pattern of both documents, each once.
#[derive(Debug, Default)]
pub(in crate::compat) struct Patterns {
    all: Vec<Pattern>,
    ids: HashMap<Box<str>, PatternId>,
    compiled_bytes: usize,
    automata_bytes: AtomicUsize,
}

struct Pattern {
    source: Box<str>,
    validator: Arc<Validator>,
    automaton: OnceLock<Option<Arc<Dfa>>>,
}

/// Patterns that were compiled before, in any comparison: the same few come again and again.
#[derive(Default)]
struct Compiled {
    validators: HashMap<Box<str>, (Arc<Validator>, usize)>,
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
        if self.all.len() >= MAX_PATTERNS {
            return Err(format!("more than {MAX_PATTERNS} different patterns in both documents: use fewer"));
        }
        let left = MAX_COMPILED_BYTES - self.compiled_bytes;
        let (validator, bytes) = kept(
            |compiled| &mut compiled.validators,
            source,
            || {
                let bytes = compiled_bytes(source, left)?;
                let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
                let built = options.build(&json!({ "pattern": source })).map(Arc::new);
                let built =
                    built.map_err(|error| format!("`{}` is no usable pattern: {error}", short(source)));
                Ok::<_, String>((built?, bytes))
            },
        )?;
        if bytes > left {
            return Err(too_large());
        }
        self.compiled_bytes += bytes;
        let id = self.all.len() as PatternId;
        self.all.push(Pattern { source: source.into(), validator, automaton: OnceLock::new() });
        self.ids.insert(source.into(), id);
        Ok(id)
    }

    /// Whether the pattern is anchored at both ends, and nothing in it repeats without end or stands for many
    /// characters, as far as its spelling tells.
    pub(super) fn is_plainly_finite(&self, id: PatternId) -> bool {
        let source = &*self.all[id as usize].source;
        let anchored = source.starts_with('^') && source.ends_with('$');
        anchored
            && !source.contains(['*', '+', '.', '\\'])
            && !["[^", ",}"].iter().any(|part| source.contains(part))
    }

    /// Takes in what an encoding and a media type ask of a text, as the drafts that assert them do.
    pub(in crate::compat) fn add_content(&mut self, schema: &Value) -> Result<PatternId, String> {
        let key = format!("{CONTENT}{schema}");
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

    /// Whether every text of one content is of the other, as far as their names tell.
    pub(in crate::compat) fn is_content_within(&self, inner: PatternId, outer: PatternId) -> bool {
        let said = |id: PatternId| -> Value {
            let source = self.source(id).trim_start_matches(CONTENT);
            serde_json::from_str(source).unwrap_or_default()
        };
        let (inner, outer) = (said(inner), said(outer));
        inner == outer
            || (inner["contentEncoding"] == outer["contentEncoding"] && outer["contentMediaType"].is_null())
    }

    /// Whether `text` matches, anywhere.
    pub(in crate::compat) fn matches(&self, id: PatternId, text: &str) -> bool {
        self.all[id as usize].validator.is_valid(&Value::String(text.to_owned()))
    }

    /// The pattern's automaton, if it is regular and small enough.
    pub(in crate::compat) fn automaton(&self, id: PatternId) -> Option<&dense::DFA<Vec<u32>>> {
        let pattern = &self.all[id as usize];
        let made = pattern.automaton.get_or_init(|| {
            if self.automata_bytes.load(Ordering::Relaxed) > MAX_AUTOMATA_BYTES {
                return None;
            }
            let build = || Ok::<_, Infallible>(automaton(&pattern.source).map(Arc::new));
            let made = kept(|compiled| &mut compiled.automata, &pattern.source, build).unwrap_or_default();
            let bytes = made.as_ref().map_or(0, |made| made.memory_usage());
            self.automata_bytes.fetch_add(bytes, Ordering::Relaxed);
            made
        });
        made.as_deref()
    }
}

/// How many bytes a pattern comes to when it is compiled.
fn compiled_bytes(source: &str, most: usize) -> Result<usize, String> {
    let Ok(rust) = jsonschema_regex::to_rust_regex(source) else { return Ok(BACKTRACKING_BYTES) };
    let config = thompson::Config::new().nfa_size_limit(Some(most));
    match thompson::Compiler::new().configure(config).build(&rust) {
        Ok(automaton) => Ok(automaton.memory_usage()),
        Err(error) if error.size_limit().is_some() => Err(too_large()),
        // Another engine may take it; if none does, building it says so.
        Err(_) => Ok(BACKTRACKING_BYTES),
    }
}

fn too_large() -> String {
    format!(
        "the patterns of both documents come to more than {MAX_COMPILED_BYTES} bytes when they are compiled: \
         repeat less in them"
    )
}

/// The beginning of a pattern, for people to know it by.
fn short(source: &str) -> &str {
    let end = source.char_indices().nth(MAX_SHOWN).map_or(source.len(), |(at, _)| at);
    &source[..end]
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
