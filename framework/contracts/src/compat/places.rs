//! Places: where a schema inside a document stands, in the document's own draft and in the words of 2020-12.
//!
//! A document is a tree of its own places. A pointer is followed in it, one name after the other, so no pointer is
//! kept, and following one costs what it is long, however many of its names are others now.

use jsonschema::Draft;
use serde_json::{Map, Value};

use crate::meaning::escaped;
use crate::schema::{LIST, MAP, ONE};

/// Keywords that a draft before the named one does not know, and so ignores.
const SINCE: [(&str, Draft); 20] = [
    ("const", Draft::Draft6),
    ("contains", Draft::Draft6),
    ("propertyNames", Draft::Draft6),
    ("if", Draft::Draft7),
    ("then", Draft::Draft7),
    ("else", Draft::Draft7),
    ("$anchor", Draft::Draft201909),
    ("$recursiveRef", Draft::Draft201909),
    ("$recursiveAnchor", Draft::Draft201909),
    ("dependentRequired", Draft::Draft201909),
    ("dependentSchemas", Draft::Draft201909),
    ("minContains", Draft::Draft201909),
    ("maxContains", Draft::Draft201909),
    ("unevaluatedItems", Draft::Draft201909),
    ("unevaluatedProperties", Draft::Draft201909),
    ("contentSchema", Draft::Draft201909),
    ("prefixItems", Draft::Draft202012),
    ("$dynamicRef", Draft::Draft202012),
    ("$dynamicAnchor", Draft::Draft202012),
    ("$vocabulary", Draft::Draft202012),
];

/// What a keyword of 2020-12 may have been called before, if not the same. What stands at a place in it stood in one of both.
const OLDER: [(&str, &str); 4] = [
    ("$defs", "definitions"),
    ("prefixItems", "items"),
    ("items", "additionalItems"),
    ("dependentSchemas", "dependencies"),
];

/// How a keyword holds schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// It is one.
    One,
    /// It lists them.
    List,
    /// It has them by name.
    Named,
    /// It has them by name, among lists of names.
    Dependencies,
}

/// Whether a keyword says nothing in `draft`, where it stands in `schema`.
pub(super) fn is_ignored(draft: Draft, schema: &Map<String, Value>, key: &str) -> bool {
    let is_unknown = SINCE.iter().any(|(keyword, since)| *keyword == key && draft < *since);
    is_unknown
        || draft <= Draft::Draft7
            && !matches!(key, "$ref" | "definitions" | "$defs" | "$schema")
            && schema.get("$ref").is_some_and(Value::is_string)
}

/// How a keyword of `schema` that is not ignored holds schemas, and what it is called in 2020-12. `None` if it holds
/// none.
pub(super) fn held<'k>(draft: Draft, schema: &Map<String, Value>, key: &'k str) -> Option<(Holds, &'k str)> {
    let is_before_2020 = draft <= Draft::Draft201909;
    let has_tuple = || is_before_2020 && schema.get("items").is_some_and(Value::is_array);
    match key {
        "definitions" if !schema.contains_key("$defs") => Some((Holds::Named, "$defs")),
        "items" if has_tuple() => Some((Holds::List, "prefixItems")),
        "additionalItems" if has_tuple() => Some((Holds::One, "items")),
        "dependencies" if is_before_2020 => Some((Holds::Dependencies, "dependentSchemas")),
        key if ONE.contains(&key) => Some((Holds::One, key)),
        key if LIST.contains(&key) => Some((Holds::List, key)),
        key if MAP.contains(&key) => Some((Holds::Named, key)),
        _ => None,
    }
}

/// Whether what `dependencies` has at a name is a schema, and not the names that are needed.
pub(super) fn is_schema_dependency(draft: Draft, value: &Value) -> bool {
    let is_names = value.is_array() || draft == Draft::Draft4 && value.is_string();
    !is_names
}

/// The pointer in 2020-12 of the schema at `pointer`, both seen from `schema`, which is written in `draft`. `None` if
/// no schema is there.
pub(super) fn today(draft: Draft, schema: &Value, pointer: &str) -> Option<String> {
    let (mut schema, mut today) = (schema, String::with_capacity(pointer.len()));
    let mut rest = pointer;
    while !rest.is_empty() {
        let object = schema.as_object()?;
        let (key, after) = segment(rest)?;
        let value = object.get(key).filter(|_| !is_ignored(draft, object, key))?;
        let (holds, called) = held(draft, object, key)?;
        enter(&mut today, called);
        (schema, rest) = if holds == Holds::One {
            (value, after)
        } else {
            let (name, after) = segment(after)?;
            enter(&mut today, name);
            (member(draft, holds, value, name)?, after)
        };
    }
    Some(today)
}

/// The pointer in `schema`, which is written in `draft`, of what is at `pointer` in 2020-12. What is not followed, because
/// the document has nothing there, keeps its names.
pub(super) fn before(draft: Draft, schema: &Value, pointer: &str) -> String {
    let (mut schema, mut before) = (schema, String::with_capacity(pointer.len()));
    let mut rest = pointer;
    while let (Value::Object(object), Some((key, after))) = (schema, segment(rest)) {
        let step = if ONE.contains(&key) { Some((None, after)) } else { named(after) };
        let found = step.and_then(|(name, after)| Some((stood(draft, object, key, name)?, name, after)));
        if let Some(((was, inner), name, after)) = found {
            enter(&mut before, was);
            if let Some(name) = name {
                enter(&mut before, name);
            }
            (schema, rest) = (inner, after);
        } else {
            if let Some(was) = called(draft, object, key) {
                enter(&mut before, was);
                rest = after;
            }
            break;
        }
    }
    before.push_str(rest);
    before
}

/// What `key` of 2020-12 is called in `schema`, of `draft`, and the schema that it holds there: itself, or that of an
/// escaped name or index.
pub(super) fn stood<'a, 'k>(
    draft: Draft,
    schema: &'a Map<String, Value>,
    key: &'k str,
    name: Option<&str>,
) -> Option<(&'k str, &'a Value)> {
    spellings(draft, schema, key).find_map(|(was, holds, value)| {
        let inner = match name {
            None => (holds == Holds::One).then_some(value)?,
            Some(name) => member(draft, holds, value, name)?,
        };
        Some((was, inner))
    })
}

/// What the whole of `key` of 2020-12 is called in `schema`, of `draft`: `dependencies` has gone to several.
fn called<'k>(draft: Draft, schema: &Map<String, Value>, key: &'k str) -> Option<&'k str> {
    let mut all = spellings(draft, schema, key);
    all.find(|(_, holds, _)| *holds != Holds::Dependencies).map(|(was, ..)| was)
}

/// The keywords of `schema`, of `draft`, that are called `key` in 2020-12.
fn spellings<'a, 'k>(
    draft: Draft,
    schema: &'a Map<String, Value>,
    key: &'k str,
) -> impl Iterator<Item = (&'k str, Holds, &'a Value)> {
    let older = OLDER.iter().filter(move |(now, _)| *now == key).map(|(_, was)| *was);
    older.chain([key]).filter_map(move |was| {
        let value = schema.get(was).filter(|_| !is_ignored(draft, schema, was))?;
        let (holds, now) = held(draft, schema, was)?;
        (now == key).then_some((was, holds, value))
    })
}

/// The schema at an escaped name, or at an index, of what a keyword holds. Each has one spelling.
fn member<'a>(draft: Draft, holds: Holds, value: &'a Value, name: &str) -> Option<&'a Value> {
    match (holds, value) {
        (Holds::List, Value::Array(list)) => {
            let index: usize = name.parse().ok()?;
            list.get(index).filter(|_| index.to_string() == name)
        }
        (Holds::Named | Holds::Dependencies, Value::Object(map)) => {
            let inner = if name.contains('~') {
                let plain = name.replace("~1", "/").replace("~0", "~");
                map.get(&plain).filter(|_| escaped(&plain) == name)?
            } else {
                map.get(name)?
            };
            (holds == Holds::Named || is_schema_dependency(draft, inner)).then_some(inner)
        }
        _ => None,
    }
}

/// The first segment of a pointer, and the pointer that goes on from it.
fn segment(pointer: &str) -> Option<(&str, &str)> {
    let pointer = pointer.strip_prefix('/')?;
    Some(pointer.split_at(pointer.find('/').unwrap_or(pointer.len())))
}

/// The same, where it is a name.
fn named(pointer: &str) -> Option<(Option<&str>, &str)> {
    segment(pointer).map(|(name, after)| (Some(name), after))
}

/// Lets a pointer go on to an escaped name.
pub(super) fn enter(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(name);
}
