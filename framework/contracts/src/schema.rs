//! What a schema must be before it is compiled, and how to walk one.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::{MAX_EXPANDED_DEPTH, MAX_EXPANDED_SCHEMAS, MAX_SCHEMA_BYTES, MAX_SCHEMA_DEPTH};

/// The dialect that every contract is written in.
pub(crate) const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Formats of 2020-12 that are not asserted here: they need tables that this crate does not carry.
const UNASSERTED_FORMATS: [&str; 2] = ["idn-email", "idn-hostname"];

/// Why a schema cannot be a contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// More bytes than [`MAX_SCHEMA_BYTES`].
    #[error("contract has {bytes} bytes, at most {MAX_SCHEMA_BYTES} are allowed: split the event")]
    TooLarge {
        /// Its size as compact JSON.
        bytes: usize,
    },
    /// More levels than [`MAX_SCHEMA_DEPTH`].
    #[error("contract nests deeper than {MAX_SCHEMA_DEPTH} levels: move inner schemas to `$defs`")]
    TooDeep,
    /// More levels than [`MAX_EXPANDED_DEPTH`] along its `$ref`s.
    #[error(
        "contract nests deeper than {MAX_EXPANDED_DEPTH} levels when each `$ref` is written out: shorten the chain"
    )]
    TooDeepRefs,
    /// With every `$ref` written out it comes to more schemas than [`MAX_EXPANDED_SCHEMAS`].
    #[error(
        "contract comes to more than {MAX_EXPANDED_SCHEMAS} schemas when each `$ref` is written out: \
         checking would take too long; let fewer schemas refer to the same ones"
    )]
    TooManyRefs,
    /// `$schema` names another dialect than 2020-12.
    #[error("contract is written in another dialect: set `$schema` to `{DIALECT}`")]
    Dialect,
    /// A format that would be left unasserted.
    #[error("format `{format}` cannot be asserted: use `email`, `hostname` or a pattern")]
    Format {
        /// The format.
        format: &'static str,
    },
    /// Not a JSON Schema, or one that refers to another document, or a pattern that the linear engine lacks.
    #[error("contract is no usable schema, at `{at}`: {problem}")]
    Schema {
        /// JSON Pointer into the schema.
        at: String,
        /// What is wrong there.
        problem: String,
    },
}

/// Keywords whose value is one schema.
pub(crate) const ONE: [&str; 11] = [
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "unevaluatedItems",
    "contains",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
    "contentSchema",
];
/// Keywords whose value is a list of schemas.
pub(crate) const LIST: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value is schemas by name.
pub(crate) const MAP: [&str; 4] = ["properties", "patternProperties", "dependentSchemas", "$defs"];

/// The schemas directly inside `schema` that an event meets there: all but `$defs`.
pub(crate) fn inner(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let one = ONE.iter().filter_map(|key| schema.get(*key));
    let list = LIST.iter().filter_map(|key| schema.get(*key)?.as_array()).flatten();
    let named = MAP.iter().filter(|key| **key != "$defs");
    let map = named.filter_map(|key| schema.get(*key)?.as_object()).flat_map(Map::values);
    one.chain(list).chain(map)
}

/// The schemas directly inside `schema`, definitions too.
pub(crate) fn children(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    inner(schema).chain(definitions.into_iter().flat_map(Map::values))
}

/// Calls `visit` on every schema below `schema`, innermost first, and then on `schema`.
pub(crate) fn for_each_mut(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(object) = schema else { return };
    for (key, value) in &mut *object {
        let key = key.as_str();
        if ONE.contains(&key) {
            for_each_mut(value, visit);
        } else if LIST.contains(&key) {
            value.as_array_mut().into_iter().flatten().for_each(|value| for_each_mut(value, visit));
        } else if MAP.contains(&key) {
            value.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(|v| for_each_mut(v, visit));
        }
    }
    visit(object);
}

/// Calls `visit` with the outermost of the schemas that may have to be broken: where they take less, what is around them takes more.
pub(crate) fn for_each_test_mut(schema: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    let Value::Object(object) = schema else { return };
    let is_bounded = object.contains_key("maxContains");
    for (key, value) in object {
        let key = key.as_str();
        if is_test(key, is_bounded) {
            visit(value);
        } else if ONE.contains(&key) {
            for_each_test_mut(value, visit);
        } else if LIST.contains(&key) {
            value.as_array_mut().into_iter().flatten().for_each(|value| for_each_test_mut(value, visit));
        } else if MAP.contains(&key) {
            value
                .as_object_mut()
                .into_iter()
                .flat_map(Map::values_mut)
                .for_each(|v| for_each_test_mut(v, visit));
        }
    }
}

/// Whether the schema of a keyword may have to be broken. `is_bounded` is whether `maxContains` stands beside it.
fn is_test(key: &str, is_bounded: bool) -> bool {
    matches!(key, "not" | "if") || key == "contains" && is_bounded
}

/// The schema that a reference inside `root` means: `#` or `#/…`.
pub(crate) fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#')?;
    at(root, pointer).or_else(|| at(root, &percent_decoded(pointer)))
}

/// The value at a JSON Pointer: large schemas hold a hundred thousand of them, nearly all without an escape.
pub(crate) fn at<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    if pointer.is_empty() || pointer.contains('~') {
        return root.pointer(pointer);
    }
    pointer.strip_prefix('/')?.split('/').try_fold(root, |value, segment| match value {
        Value::Object(members) => members.get(segment),
        other => other.pointer(&format!("/{segment}")),
    })
}

/// `text` with `%XX` read as bytes; as it is, if that is not UTF-8.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let pair = if byte == b'%' { rest.clone().next().zip(rest.clone().nth(1)) } else { None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match pair.and_then(|(high, low)| Some(digit(high)? * 16 + digit(low)?)) {
            Some(decoded) => {
                bytes.push(decoded as u8);
                rest.nth(1);
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Refuses what goes beyond a limit, and what would pass without being asserted.
pub(crate) fn examine(schema: &Value) -> Result<(), CompileError> {
    if deeper_than(schema, MAX_SCHEMA_DEPTH) {
        return Err(CompileError::TooDeep);
    }
    let bytes = schema.to_string().len();
    if bytes > MAX_SCHEMA_BYTES {
        return Err(CompileError::TooLarge { bytes });
    }
    if schema.get("$schema").is_some_and(|dialect| dialect != DIALECT) {
        return Err(CompileError::Dialect);
    }
    refuse_unasserted_formats(schema)?;
    let mut expansion = Expansion { root: schema, known: HashMap::new(), open: HashSet::new() };
    let expanded = expansion.extent(schema, 0);
    if expanded.levels > MAX_EXPANDED_DEPTH {
        Err(CompileError::TooDeepRefs)
    } else if expanded.schemas > MAX_EXPANDED_SCHEMAS {
        Err(CompileError::TooManyRefs)
    } else {
        Ok(())
    }
}

pub(crate) fn deeper_than(value: &Value, levels: usize) -> bool {
    let Some(inner) = levels.checked_sub(1) else { return value.is_object() || value.is_array() };
    match value {
        Value::Array(elements) => elements.iter().any(|element| deeper_than(element, inner)),
        Value::Object(members) => members.values().any(|member| deeper_than(member, inner)),
        _ => false,
    }
}

/// Whether an object with a member of one of `keys` is anywhere in `value`.
pub(crate) fn has_key(value: &Value, keys: &[&str]) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| has_key(element, keys)),
        Value::Object(members) => {
            members.iter().any(|(key, member)| keys.contains(&key.as_str()) || has_key(member, keys))
        }
        _ => false,
    }
}

fn refuse_unasserted_formats(schema: &Value) -> Result<(), CompileError> {
    let Value::Object(object) = schema else { return Ok(()) };
    let stated = object.get("format").and_then(Value::as_str);
    if let Some(format) = UNASSERTED_FORMATS.into_iter().find(|format| stated == Some(*format)) {
        return Err(CompileError::Format { format });
    }
    children(object).try_for_each(refuse_unasserted_formats)
}

/// How much a schema comes to when references are written out.
#[derive(Clone, Copy)]
struct Extent {
    schemas: u64,
    levels: usize,
}

/// Measures schemas. A reference to a schema that is being measured already (recursion) counts as one.
struct Expansion<'a> {
    root: &'a Value,
    known: HashMap<&'a str, Extent>,
    open: HashSet<&'a str>,
}

impl<'a> Expansion<'a> {
    /// The extent of `schema`, which stands `depth` levels down; it is not followed beyond the limit.
    fn extent(&mut self, schema: &'a Value, depth: usize) -> Extent {
        let Value::Object(object) = schema else { return Extent { schemas: 1, levels: 1 } };
        if depth > MAX_EXPANDED_DEPTH {
            return Extent { schemas: 1, levels: MAX_EXPANDED_DEPTH + 1 };
        }
        let mut sum = Extent { schemas: 1, levels: 0 };
        let mut add = |part: Extent| {
            sum.schemas = sum.schemas.saturating_add(part.schemas);
            sum.levels = sum.levels.max(part.levels);
        };
        inner(object).for_each(|child| add(self.extent(child, depth + 1)));
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            add(self.target(reference, depth + 1));
        }
        Extent { levels: sum.levels + 1, ..sum }
    }

    fn target(&mut self, reference: &'a str, depth: usize) -> Extent {
        if let Some(extent) = self.known.get(reference) {
            return *extent;
        }
        let one = Extent { schemas: 1, levels: 1 };
        let Some(schema) = resolve(self.root, reference) else { return one };
        if !self.open.insert(reference) {
            return one;
        }
        let extent = self.extent(schema, depth);
        self.open.remove(reference);
        self.known.insert(reference, extent);
        extent
    }
}

/// Every member name that `schema` says in `properties` or `required`.
pub(crate) fn declared_names(schema: &Value) -> HashSet<Box<str>> {
    fn add(schema: &Value, names: &mut HashSet<Box<str>>) {
        let Value::Object(object) = schema else { return };
        let properties = object.get("properties").and_then(Value::as_object);
        names.extend(properties.into_iter().flat_map(Map::keys).map(|name| name.as_str().into()));
        let required = object.get("required").and_then(Value::as_array);
        names.extend(required.into_iter().flatten().filter_map(Value::as_str).map(Into::into));
        children(object).for_each(|child| add(child, names));
    }
    let mut names = HashSet::new();
    add(schema, &mut names);
    names
}
